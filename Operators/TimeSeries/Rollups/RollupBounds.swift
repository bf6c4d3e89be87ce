/// What rollups tell of a range at whose edges a window may have samples on both sides.
///
/// The samples of the range are those of ``certain`` at least and those of ``all`` at most, without
/// a gap in either, since of a window that crosses an edge the sample nearest to the inside is known.
struct RollupBounds {
    private typealias Bounds = (low: Double, high: Double)

    /// All samples of the windows that touch the range.
    let all: Rollup
    /// The samples that are in the range for certain, if there are any.
    private let certain: Rollup?
    /// The window that crosses the start, and the one that crosses the end.
    private let left: Rollup?
    private let right: Rollup?
    private let range: RollupRange

    /// Takes the windows that touch the range, in order; `nil` of none.
    init?(_ windows: [Rollup], range: RollupRange) {
        var all: Rollup?
        var certain: Rollup?
        for window in windows {
            if all?.append(window) == nil { all = window }
            let isCut = (
                start: window.first.timestamp <= range.start, end: window.last.timestamp > range.end
            )
            let known: Rollup? =
                switch isCut {
                case (false, false): window
                case (true, false): Rollup(window.last)
                case (false, true): Rollup(window.first)
                case (true, true): nil
                }
            guard let known else { continue }
            if certain?.append(known) == nil { certain = known }
        }
        guard let all, let first = windows.first, let last = windows.last else { return nil }
        self.all = all
        self.certain = certain
        left = first.first.timestamp <= range.start ? first : nil
        right = last.last.timestamp > range.end ? last : nil
        self.range = range
    }

    /// Whether the samples of the windows are those of the range.
    var isExact: Bool { left == nil && right == nil }

    /// The error where the samples are known: what leaves the range of doubles on the way to the
    /// value may be within it on PromQL's way.
    func exactError(_ function: RollupSeries.Function, of value: Double) -> Double {
        if value.isFinite { return 0 }
        switch function {
        case .increase, .rate: return .infinity
        case .sum, .average, .variance, .deviation:
            let hasNaN = all.total.isNaN
            return hasNaN || !all.minimum.isFinite || !all.maximum.isFinite ? 0 : .infinity
        default: return 0
        }
    }

    /// The greatest distance between a value and what the samples of the range may yield.
    func error(_ function: RollupSeries.Function, of value: Double) -> Double {
        // Without a sample that is there for certain there may be no value at all.
        guard let certain else { return .infinity }
        switch function {
        case .present: return 0
        case .count: return value - Double(certain.count)
        case .resets: return value - Double(certain.resets)
        case .changes: return value - Double(certain.changes)
        default: break
        }
        // What is not finite hides what else there is.
        guard value.isFinite, all.total.isFinite, certain.total.isFinite,
            let bounds = self.bounds(function, certain)
        else { return .infinity }
        let error = max(bounds.high - value, value - bounds.low)
        return error.isNaN ? .infinity : error
    }

    /// Between what numbers the value of the raw samples lies.
    private func bounds(
        _ function: RollupSeries.Function, _ certain: Rollup
    ) -> Bounds? {
        let spread = all.maximum - all.minimum
        switch function {
        case .sum:
            // Of a window that is cut at least one sample is out and one is in.
            let out = [left, right].compactMap { $0 }.reduce(0) {
                $0 + Double($1.count - 1) * max($1.maximum.magnitude, $1.minimum.magnitude)
            }
            return (all.total - out, all.total + out)
        case .average: return (all.minimum, all.maximum)
        case .minimum: return (all.minimum, certain.minimum)
        case .maximum: return (certain.maximum, all.maximum)
        case .first: return firstValues
        case .last: return lastValues
        // Popoviciu's inequality.
        case .variance: return (0, spread * spread / 4)
        case .deviation: return (0, spread / 2)
        case .increase: return increase(certain)
        case .rate:
            guard let bounds = increase(certain) else { return nil }
            let seconds = range.seconds
            return (bounds.low / seconds, bounds.high / seconds)
        case .delta:
            guard let factor = greatestFactor(certain) else { return nil }
            let low = lastValues.low - firstValues.high
            let high = lastValues.high - firstValues.low
            return (min(low, low * factor), max(high, high * factor))
        case .count, .present, .resets, .changes: return nil
        }
    }

    private var firstValues: Bounds {
        left.map { ($0.minimum, $0.maximum) } ?? (all.first.value, all.first.value)
    }

    private var lastValues: Bounds {
        right.map { ($0.minimum, $0.maximum) } ?? (all.last.value, all.last.value)
    }

    /// A counter that is never negative grows by no less than its certain samples, not extrapolated,
    /// and by no more than all, extrapolated as far as may be.
    private func increase(_ certain: Rollup) -> Bounds? {
        guard all.minimum >= 0, let factor = greatestFactor(certain) else { return nil }
        return (certain.counterIncrease, all.counterIncrease * factor)
    }

    /// By what an extrapolated change is multiplied at most: it reaches no farther than to the edges
    /// of the range, and no farther than 1.1 intervals of the samples on either side.
    private func greatestFactor(_ certain: Rollup) -> Double? {
        guard certain.count > 1 else { return nil }
        let sampled = RollupRange(
            start: certain.first.timestamp, end: certain.last.timestamp
        ).seconds
        return min(range.seconds / sampled, 1 + 2.2 / Double(certain.count - 1))
    }
}
