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
        var speeds: [SegmentID: Double] = [:]
        for (id, speed) in rows {
            speeds[SegmentID(rawValue: UInt64(bitPattern: id))] = speed / 3.6
        }
        var map = TrafficMap(
            graph: roads, speeds: speeds, title: "Live traffic",
            subtitle: TrafficPicture.words(time), bounds: bounds, attribution: attribution)
        map.theme = theme
        map.stretches = SlowStretch.find(roads, speeds: speeds, in: bounds)
        return map
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
