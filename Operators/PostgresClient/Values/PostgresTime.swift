internal import Records

/// `timestamptz` on the wire: microseconds since 2000-01-01T00:00:00Z, the ends of `Int64` being
/// `-infinity` and `infinity`.
enum PostgresTime {
    /// 2000-01-01T00:00:00Z in milliseconds since 1970.
    private static let epoch: Int64 = 946_684_800_000
    /// 4714-11-24 BC, the first time that PostgreSQL can store, in milliseconds since 1970.
    static let first: Int64 = -210_866_803_200_000
    /// 294277-01-01, the first time that it can't, in milliseconds since 1970.
    static let end: Int64 = 9_224_318_016_000_000

    /// The wire form; nil for a time that PostgreSQL can't store.
    static func microseconds(_ time: EventTime) -> Int64? {
        if time == .min { return .min }
        if time == .max { return .max }
        guard (first..<end).contains(time.milliseconds) else { return nil }
        return (time.milliseconds - epoch) * 1_000
    }

    /// The event time of a wire form, rounded down to a millisecond.
    static func time(microseconds: Int64) -> EventTime {
        if microseconds == .min { return .min }
        if microseconds == .max { return .max }
        let floored = microseconds >= 0 ? microseconds / 1_000 : -((999 &- microseconds) / 1_000)
        return EventTime(milliseconds: floored &+ epoch)
    }
}
