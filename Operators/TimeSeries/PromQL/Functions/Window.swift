/// The samples that a range function sees at one step, never empty.
struct Window {
    let timestamps: UnsafePointer<Int64>
    let values: UnsafePointer<Double>
    /// The first sample's place, and the place behind the last.
    let low: Int
    let high: Int
    /// The window's right end, in milliseconds.
    let end: Int64
    /// Its width in milliseconds.
    let width: Int64
    /// The time of the step.
    let time: Int64
    /// The step's place in the grid.
    let step: Int

    @inline(__always) var count: Int { high &- low }
    @inline(__always) var first: Double { values[low] }
    @inline(__always) var last: Double { values[high &- 1] }
}

/// A function of the samples in a window that slides over a series.
protocol WindowFunction {
    /// Called once a series, before its windows.
    mutating func prepare(_ values: UnsafeBufferPointer<Double>)
    /// The value at a step, or ``Column/absent``.
    mutating func value(_ window: Window) -> Double
}

extension WindowFunction {
    mutating func prepare(_ values: UnsafeBufferPointer<Double>) {}
}

extension RangeInput {
    /// Slides the window over the series: both of its edges only move to the right, so each
    /// sample is met twice, however many windows it lies in.
    func slide<F: WindowFunction>(
        _ function: inout F, over grid: StepGrid, into output: inout [Double],
        asking context: QueryContext
    ) throws(QueryError) {
        let count = samples.count
        guard count > 0 else {
            output.withUnsafeMutableBufferPointer { $0.update(repeating: Column.absent) }
            return
        }
        try samples.timestamps.withUnsafeBufferPointer { (times) throws(QueryError) in
            try samples.values.withUnsafeBufferPointer { (values) throws(QueryError) in
                try output.withUnsafeMutableBufferPointer { (output) throws(QueryError) in
                    guard let times = times.baseAddress, let base = values.baseAddress else {
                        return
                    }
                    function.prepare(values)
                    var low = 0
                    var high = 0
                    var unasked = 0
                    for step in 0..<grid.count {
                        let end = self.end(step, grid: grid)
                        let start = end.subtractingClamped(width)
                        while high < count, times[high] <= end { high &+= 1 }
                        while low < high, times[low] <= start { low &+= 1 }
                        if low == high {
                            output[step] = Column.absent
                            continue
                        }
                        // Some functions walk the whole window, so that its samples are counted.
                        unasked &+= 1 &+ (high &- low)
                        if unasked > QueryContext.samplesBetweenCheckpoints {
                            unasked = 0
                            try context.checkpoint()
                        }
                        output[step] = function.value(
                            Window(
                                timestamps: times, values: base, low: low, high: high, end: end,
                                width: width, time: grid.time(step), step: step))
                    }
                }
            }
        }
    }
}
