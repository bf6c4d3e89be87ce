public import Records

/// Tells which five minutes of the week it is, by the clocks of a place.
///
/// A bin is what the clocks show. When they are put forward, the bins that they skip don't come in that week; when
/// they are put back, the bins that come twice last for both times, and are over with the second.
public struct WeekClock: Sendable {
    /// The zone whose clocks never change.
    public static let universal = "UTC"

    /// The zone's IANA name.
    public let timeZone: String
    /// Nil for ``universal``.
    private let offsets: ZoneOffsets?

    /// Goes by UTC.
    public init() {
        timeZone = WeekClock.universal
        offsets = nil
    }

    /// Goes by the clocks of an IANA time zone, such as `Europe/Berlin`; nil when there is none of that name.
    public init?(timeZone name: String) {
        let offsets = name == WeekClock.universal ? nil : ZoneOffsets.named(name)
        guard offsets != nil || name == WeekClock.universal else { return nil }
        timeZone = name
        self.offsets = offsets
    }

    /// The bin that a time lies in.
    public func bin(of time: EventTime) -> WeekBin { WeekBin(occurrence: occurrence(of: time)) }

    /// How many five minutes before the one that a time lies in the clocks have shown since their own 1970-01-01,
    /// 00:00; weeks on, a bin comes ``WeekBin/count`` later.
    func occurrence(of time: EventTime) -> Int64 {
        guard let offsets else { return WeekBin.occurrence(of: time) }
        return WeekBin.occurrence(of: time.advanced(byMilliseconds: offsets.milliseconds(at: time)))
    }

    /// When five minutes of the clocks are over, for the last time; held at the ends of the axis.
    func end(of occurrence: Int64) -> EventTime {
        let local = WeekBin.end(of: occurrence)
        guard let offsets else { return local }
        // The offset there is that of shortly before or shortly after, whatever changes on the day.
        let ends = [ZoneOffsets.longestShift, -ZoneOffsets.longestShift].map { shift in
            local.advanced(
                byMilliseconds: -offsets.milliseconds(at: local.advanced(byMilliseconds: shift)))
        }.sorted()
        return ends.last { self.occurrence(of: $0.advanced(byMilliseconds: -1)) == occurrence }
            ?? ends.last ?? local
    }
}
