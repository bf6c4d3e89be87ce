import Foundation
import Geo
import KafkaClient
import LocationIngest
import OperatorTesting
import Records
import RoadNetwork
import Sources
import State
import Testing
import TrafficUpdates

@testable import Command
@testable import Runtime

/// `millrace run location-ingest traffic-updates --from FILE`: the same recording in two orders.
@Suite("Recordings in any order")
struct PlaybackOrderTests {
    private static let start: Int64 = 1_479_798_000_000
    private static let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))
    private static let trips = 3

    /// A straight road with a crossing every 150 m and a street to the north at each.
    private static func town() throws -> RoadGraph {
        var builder = RoadGraphBuilder()
        for column in 0..<12 {
            for row in 0..<2 {
                builder.addNode(
                    Int64(10 * column + row + 1),
                    plane.unproject(PlanarPoint(x: Double(column) * 150, y: Double(row) * 200)))
            }
            builder.addWay(
                Int64(100 + column), nodes: [Int64(10 * column + 1), Int64(10 * column + 2)],
                RoadAttributes(.residential, speedLimit: 30))
        }
        builder.addWay(
            1, nodes: (0..<12).map { Int64(10 * $0 + 1) }, RoadAttributes(.primary, speedLimit: 50))
        return try builder.build()
    }

    /// Batches of up to 10 points: five cars that drive the road at nine, at eleven and at one o'clock.
    private static func batches() -> [(user: Int, time: Int64, line: String)] {
        var random = SeededGenerator(seed: 9)
        var result: [(user: Int, time: Int64, line: String)] = []
        for car in 0..<5 {
            for trip in 0..<trips {
                var points: [(time: Int64, text: String)] = []
                for step in 0..<36 {
                    let x = Double(step * 4 - car * 3) * 11
                    if x < 0 || x > 1_620 { continue }
                    let place = plane.unproject(
                        PlanarPoint(x: x + random.unit() * 6 - 3, y: random.unit() * 8 - 4))
                    let time = start + Int64(trip * 7_200_000 + step * 4_000 + car * 10)
                    points.append((time, "[\(place.latitude), \(place.longitude), \(time)]"))
                }
                for first in stride(from: 0, to: points.count, by: 10) {
                    let part = points[first..<min(points.count, first + 10)]
                    let list = part.map(\.text).joined(separator: ", ")
                    result.append(
                        (
                            car, points[first].time,
                            #"{"user_id": "car-\#(car)", "navigation_mode": "driving", "locs": [\#(list)]}"#
                        ))
                }
            }
        }
        return result
    }

    /// Plays lines from a file as `millrace run` does; gives what reached the log, in its order.
    private func played(
        _ lines: [String], _ order: LocationLines.Order
    ) async throws -> [LocationUpdate] {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-recording-\(UUID().uuidString).jsonl").path
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let mailbox = Mailbox()
        let answering = Task {
            var seen: [LocationUpdate] = []
            while let push = await mailbox.nextPush() {
                guard let values = push.values as? PushSource<LocationUpdate>.Push else { break }
                seen += values.records.map(\.0)
                mailbox.answer(push.ticket, nil)
                if values.records.last?.0.userID == "end" { break }
            }
            return seen
        }
        let door = LocationDoor(
            decoder: LocationBatchDecoder(), doors: [mailbox], clock: FixedClock())
        let totals = try await LocationLines(
            door: door,
            kafka: try KafkaConfiguration(bootstrapServers: "127.0.0.1:1"), order: order,
            interruption: Interruption()
        ).play(path)
        _ = await door.put([
            LocationUpdate(
                userID: "end", latitude: 0, longitude: 0, observedAt: EventTime(milliseconds: 0))
        ])
        let seen = await answering.value.dropLast()
        #expect(totals.lines == lines.count && totals.accepted == seen.count)
        #expect(totals.rejected == 0 && totals.refused == 0)
        return Array(seen)
    }

    /// The rows that traffic-updates makes of locations in their order.
    private func rows(_ locations: [LocationUpdate]) throws -> [[TableValue]] {
        let graph = try PlaybackOrderTests.town()
        var options = SimulationOptions()
        options.worker.isBounded = true
        // A recording lies in the past.
        options.start = EventTime(milliseconds: PlaybackOrderTests.start + 86_400_000)
        let harness = try PipelineHarness("traffic-updates", options) { builder in
            TrafficUpdates(loadMap: { _ in graph }).build(builder, TrafficUpdates.Parameters())
        }
        try harness.send(locations, to: "locations") { $0.observedAt }
        try harness.finish()
        // How often a row was revised depends on when commits came.
        return harness.rows(of: "live_traffic").map { row in
            row.enumerated().filter { $0.offset != 6 }.map(\.element)
        }
    }

    @Test(
        "sorted by user and sorted by time a file gives the same traffic; in its own order the first does not"
    )
    func sameTraffic() async throws {
        let batches = PlaybackOrderTests.batches()
        let byUser = batches.map(\.line)
        let byTime = batches.sorted { ($0.time, $0.user) < ($1.time, $1.user) }.map(\.line)
        #expect(byUser != byTime)
        let wanted = try await played(byTime, .time)
        #expect(zip(wanted, wanted.dropFirst()).allSatisfy { $0.observedAt <= $1.observedAt })
        let sorted = try await played(byUser, .time)
        #expect(sorted == wanted)
        let rows = try rows(wanted)
        // Of eleven segments the inner ones, in each of three trips, in a minute at least.
        #expect(rows.count >= 8 * PlaybackOrderTests.trips)
        #expect(try self.rows(sorted) == rows)
        let given = try await played(byUser, .given)
        #expect(given.count == wanted.count && given != wanted)
        #expect(try self.rows(given).count < rows.count)
    }
}
