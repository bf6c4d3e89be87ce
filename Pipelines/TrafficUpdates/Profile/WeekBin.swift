internal import Records

/// One of the 2,016 five-minute bins of a week, from Monday, 00:00, by the clocks of a ``WeekClock``.
public struct WeekBin: RawRepresentable, Hashable, Comparable, Sendable {
    /// How many there are.
    public static let count = 2_016
    /// The length of one in milliseconds.
    public static let milliseconds: Int64 = 300_000
    /// Bins between Monday and 1970-01-01, a Thursday.
    static let offset: Int64 = 3 * 288
    /// No time lies in five minutes farther from 1970, in whatever zone.
    static let farthest = Int64.max / milliseconds + 600

    /// 0 to 2,015.
    public var rawValue: UInt16

    /// Wraps a number; what lies beyond a week begins the next.
    public init(rawValue: UInt16) { self.rawValue = rawValue % UInt16(WeekBin.count) }

    /// The bin that comes so many five minutes after 1970-01-01, 00:00, by the same clocks.
    init(occurrence: Int64) {
        let count = Int64(WeekBin.count)
        let bin = (occurrence % count + WeekBin.offset) % count
        rawValue = UInt16((bin + count) % count)
    }

    /// Which five minutes since 1970 a time lies in.
    static func occurrence(of time: EventTime) -> Int64 {
        let (quotient, rest) = time.milliseconds.quotientAndRemainder(
            dividingBy: WeekBin.milliseconds)
        return rest < 0 ? quotient - 1 : quotient
    }

    /// When five minutes since 1970 are over, held at the ends of the axis.
    static func end(of occurrence: Int64) -> EventTime {
        let (start, overflow) = occurrence.multipliedReportingOverflow(by: milliseconds)
        if overflow { return occurrence < 0 ? .min : .max }
        return EventTime(milliseconds: start).advanced(byMilliseconds: milliseconds)
    }

    /// By time in the week.
    public static func < (a: WeekBin, b: WeekBin) -> Bool { a.rawValue < b.rawValue }
}
