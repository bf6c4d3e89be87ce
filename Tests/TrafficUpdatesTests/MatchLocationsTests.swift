import Geo
import LocationIngest
import MapMatching
import OperatorTesting
import Records
import RoadNetwork
import Runtime
import State
import Testing
import Transforms

@testable import TrafficUpdates

@Suite("Locations into passages")
struct MatchLocationsTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)
    private static let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))

    /// Two roads from west to east, 14 m apart, cut every 150 m.
    private static func carriageways() throws -> RoadGraph {
        var builder = RoadGraphBuilder()
        for column in 0..<12 {
            for row in 0..<2 {
                builder.addNode(
                    Int64(10 * column + row + 1),
                    plane.unproject(
                        PlanarPoint(x: Double(column) * 150, y: Double(row) * 14)))
            }
        }
        for column in 0..<11 {
            let (a, b) = (Int64(10 * column + 1), Int64(10 * column + 11))
            builder.addWay(
                Int64(100 + column), nodes: [a, b], RoadAttributes(.primary, speedLimit: 50))
            builder.addWay(
                Int64(200 + column), nodes: [a + 1, b + 1],
                RoadAttributes(.primary, speedLimit: 50))
        }
        return try builder.build()
    }

    private static func location(
        _ second: Int64, _ x: Double, _ y: Double, heading: Double? = nil
    ) -> LocationUpdate {
        let place = plane.unproject(PlanarPoint(x: x, y: y))
        return LocationUpdate(
            userID: "car", latitude: place.latitude, longitude: place.longitude,
            observedAt: start.advanced(byMilliseconds: second * 1_000), heading: heading,
            speed: heading == nil ? nil : 10)
    }

    private static func run(
        _ locations: [LocationUpdate], _ graph: RoadGraph,
        _ change: (inout TrafficUpdates.Parameters) -> Void = { _ in }
    ) throws -> (places: [MatchedLocation], passages: [SegmentTraversal]) {
        var options = SimulationOptions()
        options.worker.isBounded = true
        // What is driven lies in the past.
        options.start = start.advanced(byMilliseconds: 86_400_000)
        var parameters = TrafficUpdates.Parameters()
        parameters.trimStart = 0
        parameters.matchedLocations = "matched-locations"
        parameters.traversals = "traversals"
        change(&parameters)
        let harness = try PipelineHarness("traffic-updates", options) { builder in
            TrafficUpdates(loadMap: { _ in graph }).build(builder, parameters)
        }
        try harness.send(locations, to: "locations") { $0.observedAt }
        try harness.finish()
        return (
            try harness.records(of: "matched-locations"), try harness.records(of: "traversals")
        )
    }

    @Test("a heading that the device tells decides between two ways, through topic and state")
    func headings() throws {
        // Two ways beside each other, one in each direction; the locations lie between them, and only the
        // heading tells which is driven.
        var builder = RoadGraphBuilder()
        for (index, place) in [(0.0, 0.0), (300, 0), (0, 14), (300, 14)].enumerated() {
            builder.addNode(
                Int64(index + 1), Self.plane.unproject(PlanarPoint(x: place.0, y: place.1)))
        }
        let attributes = RoadAttributes(.primary, backward: false, speedLimit: 50)
        builder.addWay(1, nodes: [1, 2], attributes)
        builder.addWay(2, nodes: [4, 3], attributes)
        let graph = try builder.build()
        for (heading, way) in [(90.0, 1), (270, 2)] as [(Double, Int64)] {
            let place = Self.location(0, 150, 7, heading: heading)
            let (places, _) = try Self.run([place], graph)
            let segment = try #require(places.first?.segment.flatMap { graph.index(of: $0) })
            #expect(graph.segment(segment).way == way)
        }
    }

    @Test(
        "who stands for a quarter of an hour has parked: no passage tells of it, and the next trip begins anew"
    )
    func parked() throws {
        let graph = try Self.carriageways()
        var random = SeededGenerator(seed: 3)
        func noise() -> Double { random.unit() * 6 - 3 }
        var locations: [LocationUpdate] = []
        for step in 0..<16 {
            locations.append(
                Self.location(Int64(step * 5), Double(step) * 50 + noise(), noise()))
        }
        for step in 0..<200 {
            locations.append(Self.location(Int64(80 + step * 5), 760 + noise(), noise()))
        }
        for step in 0..<16 {
            locations.append(
                Self.location(Int64(1_080 + step * 5), 760 + Double(step) * 50 + noise(), noise()))
        }
        let (places, passages) = try Self.run(locations, graph)
        #expect(places.count == locations.count)
        #expect(places.allSatisfy { $0.segment != nil })
        #expect(passages.count >= 8)
        #expect(passages.allSatisfy { $0.seconds < 60 })
        // The same with a red light of two minutes: the passage across it is told of.
        let light = locations.filter { location in
            let second = location.observedAt.millisecondsSince(Self.start) / 1_000
            return second < 200 || second >= 1_080
        }.map { location in
            var location = location
            if location.observedAt.millisecondsSince(Self.start) >= 1_080_000 {
                location.observedAt = location.observedAt.advanced(byMilliseconds: -880_000)
            }
            return location
        }
        let (_, whole) = try Self.run(light, graph)
        #expect(whole.contains { $0.seconds > 100 })
        let (_, trimmed) = try Self.run(locations, graph) { $0.trimStart = 300 }
        #expect(trimmed.count < passages.count - 1)
    }
}
