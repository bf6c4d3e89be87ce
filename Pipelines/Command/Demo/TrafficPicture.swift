internal import Dataflow
internal import Foundation
internal import Geo
internal import PostgresClient
internal import Records
internal import RoadNetwork

/// The map coloured by speed, out of the table `live_traffic`.
struct TrafficPicture {
    let roads: RoadGraph
    /// Whom the map belongs to.
    var attribution: String?
    /// What is shown; nil for where there are speeds.
    var bounds: BoundingBox?
    var theme = MapTheme.automatic

    /// How far back a segment's newest speed is looked for, in milliseconds.
    private static let memory: Int64 = 600_000

    /// How far back it is looked for roads that traffic has left since, in milliseconds.
    private static let history: Int64 = 3_600_000
    /// Over how many minutes before its newest row a road's passages are counted.
    private static let busyMinutes: Int64 = 5

    /// The newest speeds of the minutes before a time, and the stretches that stand out among them.
    func map(_ pool: PostgresPool, at time: EventTime) async throws -> TrafficMap {
        let from = time.advanced(byMilliseconds: -TrafficPicture.memory)
        let rows = try await pool.withConnection { connection in
            try connection.query(
                "SELECT DISTINCT ON (segment_id) segment_id, speed_kmh FROM live_traffic"
                    + " WHERE window_start >= $1 AND window_start <= $2"
                    + " ORDER BY segment_id, window_start DESC",
                [.time(from), .time(time)]
            ).map { row in
                (try row.value(0, as: Int64.self), try row.value(1, as: Double.self))
            }
        }
        let (pasts, activity) = try await pasts(pool, at: time)
        var speeds: [SegmentID: Double] = [:]
        for (id, speed) in rows {
            speeds[SegmentID(rawValue: UInt64(bitPattern: id))] = speed / 3.6
        }
        var map = TrafficMap(
            graph: roads, speeds: speeds, title: "Live traffic",
            subtitle: TrafficPicture.words(time), bounds: bounds, attribution: attribution)
        map.theme = theme
        map.stretches = SlowStretch.find(roads, speeds: speeds, in: bounds)
        var criteria = SilentStretch.Criteria()
        criteria.activity = activity
        map.silences = SilentStretch.find(roads, pasts: pasts, in: bounds, criteria)
        return map
    }

    /// What is known of the segments that have no speed any more but had one within the hour, and how much traffic
    /// there is in all beside what there was.
    private func pasts(
        _ pool: PostgresPool, at time: EventTime
    ) async throws -> (pasts: [SegmentID: SilentStretch.Past], activity: Double) {
        let from = time.advanced(byMilliseconds: -TrafficPicture.history)
        let recent = time.advanced(byMilliseconds: -TrafficPicture.memory)
        let minutes = TrafficPicture.busyMinutes
        return try await pool.withConnection { connection in
            var pasts: [SegmentID: SilentStretch.Past] = [:]
            let rows = try connection.query(
                "WITH known AS (SELECT segment_id, window_start, traversals FROM live_traffic"
                    + " WHERE window_start > $1 AND window_start <= $2), newest AS ("
                    + "SELECT segment_id, max(window_start) AS last FROM known GROUP BY segment_id"
                    + " HAVING max(window_start) <= $3) SELECT segment_id, last,"
                    + " sum(traversals)::bigint FROM known JOIN newest USING (segment_id)"
                    + " WHERE window_start > last - interval '\(minutes) minutes'"
                    + " GROUP BY segment_id, last",
                [.time(from), .time(time), .time(recent)])
            for row in rows {
                let id = UInt64(bitPattern: try row.value(0, as: Int64.self))
                let since = time.millisecondsSince(try row.value(1, as: EventTime.self))
                pasts[SegmentID(rawValue: id)] = SilentStretch.Past(
                    passages: Double(try row.value(2, as: Int64.self)), minutes: Double(minutes),
                    // The newest row has a minute of its own.
                    silence: Double(since) / 60_000 - 1)
            }
            let totals = try connection.query(
                "SELECT window_start, sum(traversals)::bigint FROM live_traffic"
                    + " WHERE window_start > $1 AND window_start <= $2 GROUP BY window_start",
                [.time(from), .time(time)])
            var (now, before) = ((sum: 0.0, count: 0.0), (sum: 0.0, count: 0.0))
            for row in totals {
                let passages = Double(try row.value(1, as: Int64.self))
                if try row.value(0, as: EventTime.self) > recent {
                    now = (now.sum + passages, now.count + 1)
                } else {
                    before = (before.sum + passages, before.count + 1)
                }
            }
            let usual = before.sum / max(1, before.count)
            return (pasts, usual > 0 ? min(1, now.sum / max(1, now.count) / usual) : 0)
        }
    }

    /// A time as people write it, to the minute.
    static func words(_ time: EventTime) -> String {
        let (days, rest) = time.milliseconds.quotientAndFlooredRemainder(dividingBy: 86_400_000)
        let date = CivilDate(daysSince1970: days)
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let minutes = String(100 + rest / 60_000 % 60).suffix(2)
        let hours = String(100 + rest / 3_600_000).suffix(2)
        return "\(date.day) \(months[Int(date.month) - 1]) \(date.year), \(hours):\(minutes) UTC"
    }

    /// Writes a picture: SVG, or PNG by `rsvg-convert` for a path that ends so.
    static func write(_ svg: String, to path: String) throws {
        guard path.hasSuffix(".png") else {
            return try Data(svg.utf8).write(to: URL(fileURLWithPath: path))
        }
        let source = path.dropLast(4) + ".svg.tmp"
        try Data(svg.utf8).write(to: URL(fileURLWithPath: String(source)))
        defer { try? FileManager.default.removeItem(atPath: String(source)) }
        let convert = Process()
        convert.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        convert.arguments = ["rsvg-convert", "-o", path, String(source)]
        try convert.run()
        convert.waitUntilExit()
        guard convert.terminationStatus == 0 else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "rsvg-convert could not write \(path) (Debian: librsvg2-bin)")
        }
    }
}
