internal import Foundation
internal import Records
internal import Synchronization

/// By how much the clocks of a time zone are ahead of UTC, from 1890 to 2100 as a table: Foundation takes some hundred
/// times as long to tell, and is asked for other times only.
final class ZoneOffsets: Sendable {
    /// More than any change of the clocks, in milliseconds, and less than lies between two of them.
    static let longestShift: Int64 = 26 * 3_600_000
    /// How many zones are kept.
    private static let bound = 64
    private static let zones = Mutex<[String: ZoneOffsets]>([:])
    private static let years: ClosedRange<Int64> = -80...130
    /// Two changes don't lie closer.
    private static let stride: Int64 = 3 * 86_400

    private let zone: TimeZone
    /// The seconds since 1970 at which an offset begins to hold, ascending.
    private let starts: [Int64]
    /// The offsets, in milliseconds.
    private let offsets: [Int64]
    private let end: Int64

    /// The offsets of an IANA zone; nil when there is none of that name.
    static func named(_ name: String) -> ZoneOffsets? {
        if let known = zones.withLock({ $0[name] }) { return known }
        guard TimeZone.knownTimeZoneIdentifiers.contains(name),
            let zone = TimeZone(identifier: name)
        else { return nil }
        let made = ZoneOffsets(zone)
        zones.withLock { if $0.count < bound { $0[name] = made } }
        return made
    }

    private init(_ zone: TimeZone) {
        self.zone = zone
        let year: Int64 = 31_556_952
        let first = ZoneOffsets.years.lowerBound * year
        end = ZoneOffsets.years.upperBound * year
        var (starts, offsets) = ([first], [ZoneOffsets.milliseconds(zone, first)])
        for time in Swift.stride(from: first, to: end, by: Int(ZoneOffsets.stride)) {
            let next = min(time + ZoneOffsets.stride, end)
            let offset = ZoneOffsets.milliseconds(zone, next)
            if offset == offsets.last { continue }
            // The second of the change, by halves.
            var (before, after) = (time, next)
            while after - before > 1 {
                let middle = before + (after - before) / 2
                if ZoneOffsets.milliseconds(zone, middle) == offset {
                    after = middle
                } else {
                    before = middle
                }
            }
            starts.append(after)
            offsets.append(offset)
        }
        self.starts = starts
        self.offsets = offsets
    }

    private static func milliseconds(_ zone: TimeZone, _ seconds: Int64) -> Int64 {
        let date = Date(timeIntervalSince1970: Double(seconds))
        return Int64(zone.secondsFromGMT(for: date)) * 1_000
    }

    /// By how many milliseconds the clocks are ahead of UTC.
    func milliseconds(at time: EventTime) -> Int64 {
        let (quotient, rest) = time.milliseconds.quotientAndRemainder(dividingBy: 1_000)
        let second = rest < 0 ? quotient - 1 : quotient
        guard second >= starts[0], second < end else {
            return ZoneOffsets.milliseconds(zone, second)
        }
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= second { low = middle } else { high = middle }
        }
        return offsets[low]
    }
}
