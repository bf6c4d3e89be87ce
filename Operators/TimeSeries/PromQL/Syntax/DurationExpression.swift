/// A duration, perhaps calculated from others: `5m`, `300`, `1h - 2 * 30s`, `step()`.
public indirect enum DurationExpression: Sendable {
    /// Seconds; whether they were written with units.
    case seconds(Double, hasUnits: Bool)
    /// The step of the query.
    case step
    /// A change of sign.
    case negated(DurationExpression)
    /// In parentheses.
    case parenthesized(DurationExpression)
    /// `+`, `-`, `*`, `/`, `%` or `^`.
    case binary(String, DurationExpression, DurationExpression)
    /// `min(a, b)` or `max(a, b)`.
    case extreme(isMaximum: Bool, DurationExpression, DurationExpression)

    /// Why a duration can't be calculated.
    struct Failure: Error {
        let message: String
    }

    /// Whole milliseconds.
    func milliseconds(step: Int64, mayBeNegative: Bool) throws(Failure) -> Int64 {
        let seconds = try self.seconds(step: step)
        guard seconds > 0 || mayBeNegative else {
            throw Failure(message: "duration must be greater than 0")
        }
        guard seconds.magnitude < 9_223_372_036 else {
            throw Failure(message: "duration is out of range")
        }
        // A plain literal is exact to the nanosecond; what is left of a millisecond is cut off.
        return literal == nil
            ? Int64(seconds * 1_000) : Int64((seconds * 1e9).rounded()) / 1_000_000
    }

    private func seconds(step: Int64) throws(Failure) -> Double {
        switch self {
        case .seconds(let value, _): return value
        case .step: return Double(step) / 1_000
        case .negated(let inner): return -(try inner.seconds(step: step))
        case .parenthesized(let inner): return try inner.seconds(step: step)
        case .extreme(let isMaximum, let left, let right):
            let a = try left.seconds(step: step)
            let b = try right.seconds(step: step)
            return isMaximum ? max(a, b) : min(a, b)
        case .binary(let op, let left, let right):
            let a = try left.seconds(step: step)
            let b = try right.seconds(step: step)
            switch op {
            case "+": return a + b
            case "-": return a - b
            case "*": return a * b
            case "/":
                guard b != 0 else { throw Failure(message: "division by zero") }
                return a / b
            case "%":
                guard b != 0 else { throw Failure(message: "modulo by zero") }
                return a.truncatingRemainder(dividingBy: b)
            default: return Arithmetic.power(a, b)
            }
        }
    }

    /// The seconds of a plain literal.
    var literal: Double? {
        switch self {
        case .seconds(let value, _): value
        case .negated(let inner): inner.literal.map { -$0 }
        default: nil
        }
    }
}

extension DurationExpression: CustomStringConvertible {
    /// The duration as PromQL writes it; a plain one in units.
    public var description: String {
        switch self {
        case .seconds(let value, _):
            // Only a number in a calculation can be too great for units.
            Int64(exactly: (value * 1_000).rounded(.toNearestOrAwayFromZero))
                .map(PromQLText.duration) ?? PromQLText.number(value)
        case .step: "step()"
        case .negated(let inner): "-\(inner)"
        case .parenthesized(let inner): "(\(inner.inner))"
        case .extreme(let isMaximum, let a, let b):
            "\(isMaximum ? "max" : "min")(\(a.inner), \(b.inner))"
        case .binary(let op, let a, let b): "\(a.inner) \(op) \(b.inner)"
        }
    }

    /// The text inside of a calculation, where a bare number stays a number.
    private var inner: String {
        switch self {
        case .seconds(let value, false): PromQLText.number(value)
        case .negated(let operand): "-\(operand.inner)"
        default: description
        }
    }
}
