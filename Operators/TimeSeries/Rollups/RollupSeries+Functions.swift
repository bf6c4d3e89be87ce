extension RollupSeries {
    /// The range functions that rollups answer.
    public enum Function: String, CaseIterable, Sendable {
        case count = "count_over_time"
        case sum = "sum_over_time"
        case average = "avg_over_time"
        case minimum = "min_over_time"
        case maximum = "max_over_time"
        case last = "last_over_time"
        case first = "first_over_time"
        case present = "present_over_time"
        case variance = "stdvar_over_time"
        case deviation = "stddev_over_time"
        case rate, increase, delta, resets, changes
    }

    /// The value of a function over `(end - width, end]`, in milliseconds, from the windows that
    /// touch the range; `nil` where there are no samples, or too few for the function.
    ///
    /// Where the range begins and ends at edges of windows the value is that of the raw samples, up
    /// to rounding: extrapolation needs the first and last sample alone, and those are kept. Else
    /// the samples of the two windows at the edges may be inside or outside of the range, and the
    /// error is the distance to the value without them.
    public func answer(_ function: Function, end: Int64, width: Int64) -> RollupAnswer? {
        let start = end.subtractingClamped(width)
        let (inner, outer) = windows(in: start, through: end)
        guard let all = RollupSeries.merged(outer),
            let value = RollupSeries.value(function, all, start: start, end: end)
        else { return nil }
        if inner.count == outer.count { return RollupAnswer(value: value, error: 0) }
        return RollupAnswer(
            value: value,
            error: RollupSeries.error(
                function, value, all: all, inner: RollupSeries.merged(inner), start: start,
                end: end))
    }

    /// The quantile of `(end - width, end]` within 1 % of its value.
    ///
    /// - Returns: `nil` without a sketch or samples; the error is infinite for a range that doesn't
    ///   begin and end at edges of windows.
    public func quantile(_ q: Double, end: Int64, width: Int64) -> RollupAnswer? {
        let (inner, outer) = windows(in: end.subtractingClamped(width), through: end)
        guard let value = RollupSeries.merged(outer)?.quantiles?.quantile(q) else { return nil }
        let isExact = inner.count == outer.count
        return RollupAnswer(
            value: value,
            error: isExact ? value.magnitude * QuantileSketch.relativeError : .infinity)
    }

    private static func merged(_ rollups: [Rollup]) -> Rollup? {
        guard var result = rollups.first else { return nil }
        for rollup in rollups.dropFirst() { result.append(rollup) }
        return result
    }

    private static func value(
        _ function: Function, _ rollup: Rollup, start: Int64, end: Int64
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
        case .rate, .increase, .delta: extrapolated(function, rollup, start: start, end: end)
        }
    }

    /// Prometheus's extrapolation to the edges of the range.
    private static func extrapolated(
        _ function: Function, _ rollup: Rollup, start: Int64, end: Int64
    ) -> Double? {
        guard rollup.count > 1 else { return nil }
        let isCounter = function != .delta
        let change =
            isCounter ? rollup.counterIncrease : rollup.last.value - rollup.first.value
        let sampled = Double(rollup.last.timestamp - rollup.first.timestamp) / 1_000
        let average = sampled / Double(rollup.count - 1)
        var toStart = max(0, Double(rollup.first.timestamp - start) / 1_000)
        var toEnd = max(0, Double(end - rollup.last.timestamp) / 1_000)
        if toStart >= average * 1.1 { toStart = average / 2 }
        if isCounter, change > 0, rollup.first.value >= 0 {
            toStart = min(toStart, sampled * (rollup.first.value / change))
        }
        if toEnd >= average * 1.1 { toEnd = average / 2 }
        let factor = (sampled + toStart + toEnd) / sampled
        return function == .rate
            ? change * factor / (Double(end - start) / 1_000) : change * factor
    }

    /// How far the value may be off when the samples at the edges may be inside or outside.
    private static func error(
        _ function: Function, _ value: Double, all: Rollup, inner: Rollup?, start: Int64,
        end: Int64
    ) -> Double {
        guard let inner else { return function == .present ? 1 : .infinity }
        let edge = Double(all.count - inner.count)
        let spread = all.maximum - all.minimum
        switch function {
        case .count: return edge
        case .sum: return edge * max(all.maximum.magnitude, all.minimum.magnitude)
        case .average: return spread
        case .minimum: return inner.minimum - all.minimum
        case .maximum: return all.maximum - inner.maximum
        case .first, .last: return spread
        case .present: return 0
        case .variance: return spread * spread
        case .deviation: return spread
        case .resets: return Double(all.resets - inner.resets)
        case .changes: return Double(all.changes - inner.changes)
        case .increase: return all.counterIncrease - inner.counterIncrease + value.magnitude * 0.2
        case .delta: return spread + value.magnitude * 0.2
        case .rate:
            let increase = all.counterIncrease - inner.counterIncrease
            return increase / (Double(end - start) / 1_000) + value.magnitude * 0.2
        }
    }
}
