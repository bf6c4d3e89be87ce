internal import Glibc

/// Floating-point helpers that behave as Prometheus's do.
enum Arithmetic {
    @inline(__always)
    static func power(_ a: Double, _ b: Double) -> Double { pow(a, b) }

    /// Neumaier's variant of Kahan's summation ("Rundungsfehleranalyse einiger Verfahren zur
    /// Summation endlicher Summen", 1974): adds to a sum and its compensation.
    @inline(__always)
    static func add(_ value: Double, to sum: inout Double, _ compensation: inout Double) {
        let total = sum + value
        if total.isInfinite {
            compensation = 0
        } else if sum.magnitude >= value.magnitude {
            compensation += (sum - total) + value
        } else {
            compensation += (value - total) + sum
        }
        sum = total
    }

    /// The value of an arithmetic operator, and whether a comparison holds.
    @inline(__always)
    static func apply(
        _ op: BinaryOperation.Operator, _ a: Double, _ b: Double
    ) -> (value: Double, holds: Bool) {
        switch op {
        case .add: (a + b, true)
        case .subtract: (a - b, true)
        case .multiply: (a * b, true)
        case .divide: (a / b, true)
        case .modulo: (fmod(a, b), true)
        case .power: (pow(a, b), true)
        case .atan2: (Glibc.atan2(a, b), true)
        case .equal: (a, a == b)
        case .notEqual: (a, a != b)
        case .less: (a, a < b)
        case .lessOrEqual: (a, a <= b)
        case .greater: (a, a > b)
        case .greaterOrEqual: (a, a >= b)
        case .and, .or, .unless: (a, true)
        }
    }

    /// Whether two values differ by less than a share of their sum, or are of one special kind.
    static func isClose(_ a: Double, _ b: Double, within share: Double) -> Bool {
        if StaleMarker.isStale(a) || StaleMarker.isStale(b) {
            return StaleMarker.isStale(a) && StaleMarker.isStale(b)
        }
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude {
            return difference < share * .leastNormalMagnitude
        }
        return difference / min(sum, .greatestFiniteMagnitude) < share
    }

    /// The mean as Prometheus computes it: a compensated sum as long as that stays finite, from
    /// there on an incremental mean.
    struct Mean {
        private var sum = 0.0
        private var compensation = 0.0
        private var mean = 0.0
        private var count = 0.0
        private var isIncremental = false

        @inline(__always)
        init() {}

        @inline(__always)
        mutating func add(_ value: Double) {
            count += 1
            if count == 1 {
                sum = value
                mean = value
                return
            }
            if !isIncremental {
                var newSum = sum
                var newCompensation = compensation
                Arithmetic.add(value, to: &newSum, &newCompensation)
                if !newSum.isInfinite {
                    sum = newSum
                    compensation = newCompensation
                    return
                }
                isIncremental = true
                mean = sum / (count - 1)
                compensation /= count - 1
            }
            let share = (count - 1) / count
            mean *= share
            compensation *= share
            Arithmetic.add(value / count, to: &mean, &compensation)
        }

        var isEmpty: Bool { count == 0 }

        var value: Double {
            isIncremental ? mean + compensation : sum / count + compensation / count
        }
    }

    /// Sorts with every NaN in front.
    static func sortNaNFirst(_ values: inout [Double]) {
        values.sort { $0.isNaN ? !$1.isNaN : $0 < $1 }
    }

    /// The quantile of values by linear interpolation between the closest ranks.
    static func quantile(_ q: Double, _ values: [Double]) -> Double {
        if values.isEmpty || q.isNaN { return StaleMarker.normalNaN }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        var sorted = values
        sortNaNFirst(&sorted)
        let count = Double(sorted.count)
        let rank = q * (count - 1)
        let lower = max(0, rank.rounded(.down))
        let upper = min(count - 1, lower + 1)
        let weight = rank - rank.rounded(.down)
        return sorted[Int(lower)] * (1 - weight) + sorted[Int(upper)] * weight
    }
}
