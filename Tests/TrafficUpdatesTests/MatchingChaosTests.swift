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
                locations.append(
                    location(
                        car, step * 4_000 + car * 10, x + random.unit() * 16 - 8,
                        y + random.unit() * 16 - 8))
            }
        }
        return locations
    }

    private static func location(
        _ car: Int, _ milliseconds: Int, _ x: Double, _ y: Double
    ) -> LocationUpdate {
        let place = plane.unproject(PlanarPoint(x: x, y: y))
        return LocationUpdate(
            userID: "car-\(car)", latitude: place.latitude, longitude: place.longitude,
            observedAt: start.advanced(byMilliseconds: Int64(milliseconds)))
    }

    /// Three trips of a quarter of an hour: one parks on the way, one falls silent twice, for a while and for too
    /// long, one stands in a jam; all in an order of arrival with up to `disorder` milliseconds between.
    private static func eventful(disorder: UInt64, seed: UInt64) -> [LocationUpdate] {
        var random = SeededGenerator(seed: seed)
        var locations: [LocationUpdate] = []
        for step in 0..<130 {
            let second = step * 8
            for car in 0..<3 {
                // When the stop begins, and how long it is.
                let (stop, length) = [(24, 760), (40, 100), (32, 300)][car]
                if car == 1, second > 40, second < 140 { continue }
                if car == 1, second > 150, second < 290 { continue }
                var moving = second < stop ? second : max(stop, second - length)
                if car == 1, second >= 290 { moving -= 140 }
                let driven = Double(moving) * 9
                let y = car == 1 ? 120.0 : 0
                if driven > 600 { continue }
                locations.append(
                    location(
                        car, second * 1_000 + car * 10, driven + random.unit() * 12 - 6,
                        y + random.unit() * 12 - 6))
            }
        }
        guard disorder > 0 else { return locations }
        return locations.map {
            ($0, $0.observedAt.milliseconds + Int64(random.next() % disorder))
        }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    private static func harness(
        _ graph: RoadGraph, _ locations: [LocationUpdate], _ options: SimulationOptions,
        isBounded: Bool = true, _ change: (inout TrafficUpdates.Parameters) -> Void = { _ in }
    ) throws -> PipelineHarness {
        var options = options
        options.worker.isBounded = isBounded
        // What is driven lies in the past.
        options.start = start.advanced(byMilliseconds: 86_400_000)
        var parameters = TrafficPipelineTests.judged
        parameters.trimStart = 0
        change(&parameters)
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

    /// The passages that are still told in the end.
    private static func standing(_ harness: PipelineHarness) throws -> [SegmentTraversal: Int] {
        var counts: [SegmentTraversal: Int] = [:]
        for var passage in try harness.records(of: "traversals", as: SegmentTraversal.self) {
            let change = passage.isTakenBack ? -1 : 1
            passage.isTakenBack = false
            counts[passage, default: 0] += change
        }
        #expect(counts.values.allSatisfy { $0 >= 0 }, "what was never told was taken back")
        return counts.filter { $0.value != 0 }
    }

    /// What the seeds of the fault runs go through in turn.
    private static let scenes: [(disorder: UInt64, reorder: Double, start: Double, end: Double)] =
        [(0, 10, 0, 0), (9_900, 10, 50, 0), (9_900, 10, 0, 150), (9_900, 0, 50, 50)]

    @Test(
        "200 seeds of crashes, restores and other faults change no passage",
        arguments: stride(from: 0, to: 200, by: 10).map { UInt64($0) })
    func faults(first: UInt64) throws {
        let graph = try Self.town()
        let scene = Self.scenes[Int(first / 10) % Self.scenes.count]
        let locations = Self.eventful(disorder: scene.disorder, seed: first)
        func change(_ parameters: inout TrafficUpdates.Parameters) {
            parameters.reorder = scene.reorder
            (parameters.trimStart, parameters.trimEnd) = (scene.start, scene.end)
        }
        let calm = try Self.harness(graph, locations, SimulationOptions(), change)
        try calm.finish()
        let expected = try Self.passages(calm)
        #expect(expected.count >= 4)
        for seed in first..<(first + 10) {
            let harness = try Self.harness(
                graph, locations, .shuffled(seed: seed, faults: 2), change)
            var random = SeededGenerator(seed: seed)
            if try harness.run(untilBatch: 1 + Int(random.next() % 30)) {
                try harness.crashAndRestore()
            }
            try harness.finish()
            #expect(try Self.passages(harness) == expected, "seed \(seed)")
        }
    }

    /// Rows with all but the count of revisions, which tells of how often a row was said.
    private static func rows(_ harness: PipelineHarness, _ table: String) -> [String] {
        harness.rows(of: table).map { row in
            "\(row.enumerated().filter { table != "live_traffic" || $0.offset != 6 }.map(\.element))"
        }
    }

    @Test(
        "with the defaults no order of arrival within the bound changes a final row",
        arguments: 0..<12 as Range<UInt64>)
    func disorder(seed: UInt64) throws {
        let graph = try Self.town()
        let locations = Self.locations(cars: 9)
        #expect(TrafficUpdates.defaults.reorder == TrafficUpdates.defaults.outOfOrder)
        let sorted = try Self.harness(graph, locations, SimulationOptions())
        try sorted.finish()
        // Each comes up to 10 s later than it was measured.
        var random = SeededGenerator(seed: seed)
        let shuffled = locations.map { location in
            (location, location.observedAt.milliseconds + Int64(random.next() % 9_900))
        }.sorted { $0.1 < $1.1 }.map(\.0)
        let harness = try Self.harness(graph, shuffled, SimulationOptions())
        try harness.finish()
        #expect(try Self.standing(harness) == (try Self.standing(sorted)))
        for table in ["live_traffic", "traffic_profile"] {
            #expect(!Self.rows(sorted, table).isEmpty)
            #expect(Self.rows(harness, table) == Self.rows(sorted, table))
        }
        // Something had to be taken back for that: in order, nothing is.
        let told = try harness.records(of: "traversals", as: SegmentTraversal.self)
        #expect(told.contains { $0.isTakenBack })
        let calm = try sorted.records(of: "traversals", as: SegmentTraversal.self)
        #expect(!calm.contains { $0.isTakenBack })
    }

    @Test(
        "parking, silence and jams too are the same in every order",
        arguments: 0..<8 as Range<UInt64>)
    func eventfulDisorder(seed: UInt64) throws {
        let graph = try Self.town()
        let sorted = try Self.harness(
            graph, Self.eventful(disorder: 0, seed: seed), SimulationOptions())
        let shuffled = try Self.harness(
            graph, Self.eventful(disorder: 9_900, seed: seed), SimulationOptions())
        try sorted.finish()
        try shuffled.finish()
        let expected = try Self.standing(sorted)
        #expect(expected.count >= 6)
        #expect(try Self.standing(shuffled) == expected)
    }

    @Test("what is said of the way driven waits for no order")
    func noWait() throws {
        let graph = try Self.town()
        let locations = Self.locations(cars: 3)
        func passages(_ reorder: Double) throws -> [String] {
            let harness = try Self.harness(
                graph, locations, SimulationOptions(), isBounded: false
            ) {
                $0.reorder = reorder
            }
            // All is in the log, and nothing has come to its end.
            try harness.advance(by: .seconds(5))
            return try Self.passages(harness)
        }
        let waiting = try passages(10)
        #expect(waiting.count >= 6)
        #expect(waiting == (try passages(0)))
    }
}
