extension RollupSeries {
    /// The range functions that rollups answer.
    public enum Function: String, CaseIterable, Sendable {
        /// How many samples.
        case count = "count_over_time"
        /// Their sum.
        case sum = "sum_over_time"
        /// Their mean.
        case average = "avg_over_time"
        /// The least.
        case minimum = "min_over_time"
        /// The greatest.
        case maximum = "max_over_time"
        /// The newest.
        case last = "last_over_time"
        /// The oldest.
        case first = "first_over_time"
        /// 1 where there are samples.
        case present = "present_over_time"
        /// Their variance, as of a whole population.
        case variance = "stdvar_over_time"
        /// Its square root.
        case deviation = "stddev_over_time"
        /// How a counter, or any value, changed: each as its name in PromQL says.
        case rate, increase, delta, resets, changes
    }

    /// The value of a function over `(end - width, end]`, in milliseconds, from the windows that
    /// touch the range; `nil` where there are no samples, or too few for the function.
    ///
    /// Where no window has samples on both sides of an edge of the range the value is that of the
    /// raw samples, up to rounding: extrapolation needs the first and last sample alone, and those
    /// are kept. Else the samples of such a window may be inside or outside of the range, and the
    /// error is the greatest distance to what they may yield.
    public func answer(_ function: Function, end: Int64, width: Int64) -> RollupAnswer? {
        let range = RollupRange(start: end.subtractingClamped(width), end: end)
        guard let known = RollupBounds(windows(in: range.start, through: end), range: range),
            let value = RollupSeries.value(function, known.all, range)
        else { return nil }
        let error =
            known.isExact
            ? known.exactError(function, of: value) : known.error(function, of: value)
        return RollupAnswer(value: value, error: error)
    }

    /// The quantile of `(end - width, end]` within about 1 % of its value.
    ///
    /// - Returns: `nil` without a sketch or samples; the error is infinite where a window has
    ///   samples on both sides of an edge of the range, or a sample is not finite.
    public func quantile(_ q: Double, end: Int64, width: Int64) -> RollupAnswer? {
        let range = RollupRange(start: end.subtractingClamped(width), end: end)
        guard let known = RollupBounds(windows(in: range.start, through: end), range: range),
            let sketch = known.all.quantiles, var answer = sketch.interpolated(q)
        else { return nil }
        if !known.isExact || sketch.count != known.all.count { answer.error = .infinity }
        return answer
    }

    private static func value(
        _ function: Function, _ rollup: Rollup, _ range: RollupRange
    ) -> Double? {
        switch function {
        case .count: Double(rollup.count)
        case .sum: rollup.total
        case .average: rollup.mean
        case .minimum: rollup.minimum
        case .maximum: rollup.maximum
        case .last: rollup.last.value
        case .first: rollup.first.value
        case .present: 1
        case .variance: rollup.variance
        case .deviation: rollup.variance.squareRoot()
        case .resets: Double(rollup.resets)
        case .changes: Double(rollup.changes)
        case .rate, .increase, .delta: extrapolated(function, rollup, range)
        }
    }

    /// Prometheus's extrapolation to the edges of the range.
    private static func extrapolated(
        _ function: Function, _ rollup: Rollup, _ range: RollupRange
    ) -> Double? {
        guard rollup.count > 1 else { return nil }
        let isCounter = function != .delta
        let change =
            isCounter ? rollup.counterIncrease : rollup.last.value - rollup.first.value
        let sampled = RollupRange(start: rollup.first.timestamp, end: rollup.last.timestamp).seconds
        let average = sampled / Double(rollup.count - 1)
        var toStart = RollupRange(start: range.start, end: rollup.first.timestamp).seconds
        var toEnd = RollupRange(start: rollup.last.timestamp, end: range.end).seconds
        if toStart >= average * 1.1 { toStart = average / 2 }
        if isCounter, change > 0, rollup.first.value >= 0 {
            toStart = min(toStart, sampled * (rollup.first.value / change))
        }
        if toEnd >= average * 1.1 { toEnd = average / 2 }
        let factor = (sampled + toStart + toEnd) / sampled
        return function == .rate ? change * factor / range.seconds : change * factor
    }
}
