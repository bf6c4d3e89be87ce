import Geo
import LocationIngest
import OperatorTesting
import Records
import RoadNetwork
import Runtime
import Testing

@testable import TrafficUpdates

@Suite("The matcher's pipeline under faults and disorder")
struct MatchingChaosTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)
    private static let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))

    /// A grid of streets, a crossing every 120 m.
    private static func town() throws -> RoadGraph {
        var builder = RoadGraphBuilder()
        for column in 0..<6 {
            for row in 0..<3 {
                builder.addNode(
                    Int64(10 * column + row + 1),
                    plane.unproject(PlanarPoint(x: Double(column) * 120, y: Double(row) * 120)))
            }
            builder.addWay(
                Int64(100 + column), nodes: (0..<3).map { Int64(10 * column + $0 + 1) },
                RoadAttributes(.residential, speedLimit: 30))
        }
        for row in 0..<3 {
            builder.addWay(
                Int64(200 + row), nodes: (0..<6).map { Int64(10 * $0 + row + 1) },
                RoadAttributes(.primary, speedLimit: 50))
        }
        return try builder.build()
    }

    /// Cars that drive eastwards and turn north where their number says, seen every 4 s.
    private static func locations(cars: Int) -> [LocationUpdate] {
        var random = SeededGenerator(seed: 5)
        var locations: [LocationUpdate] = []
        for step in 0..<20 {
            for car in 0..<cars {
                let driven = Double(step * 4) * 9
                let corner = Double(2 + car % 3) * 120
                let (x, y) = driven < corner ? (driven, 0) : (corner, driven - corner)
                if y > 240 { continue }
                let place = plane.unproject(
                    PlanarPoint(x: x + random.unit() * 16 - 8, y: y + random.unit() * 16 - 8))
                locations.append(
                    LocationUpdate(
                        userID: "car-\(car)", latitude: place.latitude, longitude: place.longitude,
                        observedAt: start.advanced(
                            byMilliseconds: Int64(step * 4_000 + car * 10))))
            }
        }
        return locations
    }

    private static func harness(
        _ graph: RoadGraph, _ locations: [LocationUpdate], _ options: SimulationOptions,
        reorder: Double = 0
    ) throws -> PipelineHarness {
        var options = options
        options.worker.isBounded = true
        options.start = start
        var parameters = TrafficUpdates.Parameters()
        parameters.reorder = reorder
        parameters.trimStart = 0
        let harness = try PipelineHarness("traffic-updates", options) { builder in
            TrafficUpdates(loadMap: { _ in graph }).build(builder, parameters)
        }
        try harness.send(locations, to: "locations") { $0.observedAt }
        return harness
    }

    private static func passages(_ harness: PipelineHarness) throws -> [String] {
        try harness.records(of: "traversals", as: SegmentTraversal.self)
            .map { "\($0)" }.sorted()
    }

    @Test(
        "200 seeds of crashes, restores and other faults change no passage",
        arguments: stride(from: 0, to: 200, by: 10).map { UInt64($0) })
    func faults(first: UInt64) throws {
        let graph = try Self.town()
        let locations = Self.locations(cars: 3)
        let calm = try Self.harness(graph, locations, SimulationOptions())
        try calm.finish()
        let expected = try Self.passages(calm)
        #expect(expected.count >= 9)
        for seed in first..<(first + 10) {
            let harness = try Self.harness(
                graph, locations, .shuffled(seed: seed, faults: 2))
            var random = SeededGenerator(seed: seed)
            if try harness.run(untilBatch: 1 + Int(random.next() % 30)) {
                try harness.crashAndRestore()
            }
            try harness.finish()
            #expect(try Self.passages(harness) == expected, "seed \(seed)")
        }
    }

    @Test(
        "with the reorder bound of the input's disorder, no order of arrival changes a final row",
        arguments: 0..<12 as Range<UInt64>)
    func disorder(seed: UInt64) throws {
        let graph = try Self.town()
        let locations = Self.locations(cars: 9)
        let sorted = try Self.harness(graph, locations, SimulationOptions(), reorder: 10)
        try sorted.finish()
        // Each comes up to 10 s later than it was measured.
        var random = SeededGenerator(seed: seed)
        let shuffled = locations.map { location in
            (location, location.observedAt.milliseconds + Int64(random.next() % 9_900))
        }.sorted { $0.1 < $1.1 }.map(\.0)
        let harness = try Self.harness(graph, shuffled, SimulationOptions(), reorder: 10)
        try harness.finish()
        #expect(try Self.passages(harness) == (try Self.passages(sorted)))
        func rows(_ harness: PipelineHarness) -> [String] {
            // All but the count of revisions, which tells of how often a row was said.
            harness.rows(of: "live_traffic").map { row in
                "\(row.enumerated().filter { $0.offset != 6 }.map(\.element))"
            }
        }
        #expect(!rows(sorted).isEmpty)
        #expect(rows(harness) == rows(sorted))
    }
}
