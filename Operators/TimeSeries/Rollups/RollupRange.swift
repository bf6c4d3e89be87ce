/// A stretch of time, `(start, end]`, in milliseconds.
struct RollupRange {
    let start: Int64
    let end: Int64

    /// How long it is in seconds, 0 where it ends before it starts.
    var seconds: Double { max(0, Double(end.subtractingClamped(start)) / 1_000) }
}
