internal import Foundation
internal import PostgresClient
internal import Records
internal import RoadNetwork

/// Draws the map coloured by speed: `traffic.svg`, and `traffic.png` where `rsvg-convert` is installed.
struct TrafficPicture {
    let roads: RoadGraph
    let directory: String

    /// Draws the newest speeds of the minutes before a time.
    func draw(_ pool: PostgresPool, at time: EventTime) async throws {
        let from = time.advanced(byMilliseconds: -600_000)
        let rows = try await pool.withConnection { connection in
            try connection.query(
                "SELECT DISTINCT ON (segment_id) segment_id, speed_kmh FROM live_traffic"
                    + " WHERE window_start >= $1 ORDER BY segment_id, window_start DESC",
                [.time(from)]
            ).map { row in
                (try row.value(0, as: Int64.self), try row.value(1, as: Double.self))
            }
        }
        var speeds: [SegmentID: Double] = [:]
        for (id, speed) in rows {
            speeds[SegmentID(rawValue: UInt64(bitPattern: id))] = speed / 3.6
        }
        let svg = TrafficMap(
            graph: roads, speeds: speeds, title: "Live traffic", subtitle: "\(time)"
        ).svg
        try Data(svg.utf8).write(to: URL(fileURLWithPath: "\(directory)/traffic.svg"))
        let convert = Process()
        convert.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        convert.arguments = [
            "rsvg-convert", "-o", "\(directory)/traffic.png", "\(directory)/traffic.svg",
        ]
        try convert.run()
        convert.waitUntilExit()
        let what = convert.terminationStatus == 0 ? "traffic.svg and .png" : "traffic.svg"
        print("picture          \(directory)/\(what)")
    }
}
