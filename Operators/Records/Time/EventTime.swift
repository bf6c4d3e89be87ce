/// A point in event time: milliseconds since 1970-01-01T00:00:00Z.
///
/// The two ends of the axis have a meaning of their own: `.min` is "nothing is known yet", `.max` is
/// "no record will follow" and is what a watermark becomes when its input has ended.
public struct EventTime: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64

    /// Makes the time that lies `milliseconds` after 1970-01-01T00:00:00Z.
    @inlinable
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Before every record: what a watermark is before anything is known.
    @inlinable
    public static var min: EventTime { EventTime(milliseconds: .min) }
    /// After every record: the watermark of an input that has ended.
    @inlinable
    public static var max: EventTime { EventTime(milliseconds: .max) }

    @inlinable
    public static func < (a: EventTime, b: EventTime) -> Bool { a.milliseconds < b.milliseconds }

    /// The time `milliseconds` later, held at the ends of the axis instead of overflowing.
    @inlinable
    public func advanced(byMilliseconds milliseconds: Int64) -> EventTime {
        if self == .max || self == .min { return self }
        let (sum, overflow) = self.milliseconds.addingReportingOverflow(milliseconds)
        if overflow { return milliseconds < 0 ? .min : .max }
        return EventTime(milliseconds: sum)
    }

    /// Milliseconds from `other` to this time, held at the ends of `Int64`.
    @inlinable
    public func millisecondsSince(_ other: EventTime) -> Int64 {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(other.milliseconds)
        if overflow { return milliseconds < 0 ? .min : .max }
        return difference
    }
}

extension EventTime: CustomStringConvertible {
    /// ISO 8601 in UTC with milliseconds, or `-∞` and `+∞` for the two ends.
    public var description: String {
        if self == .min { return "-∞" }
        if self == .max { return "+∞" }
        let (days, time) = milliseconds.quotientAndFlooredRemainder(dividingBy: 86_400_000)
        let date = CivilDate(daysSince1970: days)
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
        }
        let clock =
            "\(padded(time / 3_600_000, 2)):\(padded(time / 60_000 % 60, 2))"
            + ":\(padded(time / 1_000 % 60, 2)).\(padded(time % 1_000, 3))Z"
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T\(clock)"
    }
}

extension Int64 {
    /// Quotient rounded towards minus infinity, with the remainder that is never negative.
    @inlinable
    package func quotientAndFlooredRemainder(dividingBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
