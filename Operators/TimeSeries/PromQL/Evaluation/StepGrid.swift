/// The times at which an expression is evaluated.
struct StepGrid {
    /// The first, in milliseconds.
    let start: Int64
    /// The distance, at least 1.
    let step: Int64
    /// How many.
    let count: Int

    init(start: Int64, end: Int64, step: Int64) {
        self.start = start
        self.step = max(1, step)
        let (span, overflow) = end.subtractingReportingOverflow(start)
        count = end < start ? 0 : overflow ? Int.max : Int(span / self.step) + 1
    }

    init(at time: Int64) {
        start = time
        step = 1
        count = 1
    }

    @inline(__always)
    func time(_ index: Int) -> Int64 { start &+ Int64(index) &* step }

    var last: Int64 { time(max(0, count - 1)) }
}
