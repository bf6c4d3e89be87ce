import Geo
import LocationIngest
import OperatorTesting
import Records
import RoadNetwork
import Runtime
import State
import Testing

@testable import TrafficUpdates

@Suite("Locations that come seldom")
struct SparseSamplingTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)
    private static let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))
    private static let columns = 44
    private static let speed = 11.0

    /// Cars along the town's road, five seconds behind each other, each seen every `sampling` seconds.
    private static func locations(sampling: Int, headings: Bool) -> [LocationUpdate] {
        var random = SeededGenerator(seed: UInt64(sampling))
        let end = Double(columns - 1) * 150
        var locations: [LocationUpdate] = []
        for step in 0...(660 / sampling) {
            for car in 0..<4 {
                let x = Double(step * sampling - car * 5) * speed
                if x < 0 || x > end { continue }
                let place = plane.unproject(
                    PlanarPoint(x: x + random.unit() * 10 - 5, y: random.unit() * 10 - 5))
                locations.append(
                    LocationUpdate(
                        userID: "car-\(car)", latitude: place.latitude,
                        longitude: place.longitude,
                        observedAt: start.advanced(byMilliseconds: Int64(step * sampling * 1_000)),
                        heading: headings ? 90 + random.unit() * 20 - 10 : nil,
                        speed: headings ? speed : nil))
            }
        }
        return locations
    }

    /// How many segments are told for certain: those between the first and the last place where a car is seen, up
    /// to 660 m within the road's ends, without the first 50 m of the trip (`trimStart`) and what noise may take of
    /// either end.
    private static func certain(_ seen: [LocationUpdate]) throws -> Int {
        let places = seen.map {
            plane.project(Coordinate(latitude: $0.latitude, longitude: $0.longitude)).x
        }
        let (first, last) = (try #require(places.min()), try #require(places.max()))
        return (0..<(columns - 1)).count {
            Double($0) * 150 >= first + 50 && Double($0 + 1) * 150 <= last
        }
    }

    @Test(
        "every 30 to 60 s, with headings and without, rows are as right as they are often",
        arguments: [30, 45, 60], [true, false])
    func sampled(sampling: Int, headings: Bool) throws {
        let graph = try TrafficPipelineTests.town(columns: Self.columns)
        var options = SimulationOptions()
        options.worker.isBounded = true
        // What is driven lies in the past.
        options.start = Self.start.advanced(byMilliseconds: 86_400_000)
        let harness = try PipelineHarness("traffic-updates", options) { builder in
            TrafficUpdates(loadMap: { _ in graph }).build(
                builder, TrafficPipelineTests.judged)
        }
        let locations = Self.locations(sampling: sampling, headings: headings)
        try harness.send(locations, to: "locations") { $0.observedAt }
        try harness.finish()
        let passages = try harness.records(of: "traversals", as: SegmentTraversal.self)
        #expect(!passages.contains { $0.isTakenBack })
        // All but the ends of the way of each car, in its direction, once.
        for car in Set(locations.map(\.userID)) {
            let vehicle = Pseudonyms().vehicle(car, at: Self.start)
            let own = passages.filter { $0.vehicle == vehicle }
            let certain = try Self.certain(locations.filter { $0.userID == car })
            #expect(certain...(certain + 2) ~= own.count, "\(car): \(own.count) of \(certain)")
            #expect(Set(own.map(\.segment)).count == own.count)
            for passage in own {
                let segment = try #require(graph.index(of: passage.segment))
                #expect(graph.segment(segment).way == 1)
                #expect(abs(passage.length / passage.seconds - Self.speed) < 1.5)
            }
        }
        let rows = harness.rows(of: "live_traffic")
        #expect(rows.count >= 20)
        for row in rows {
            guard case .double(let speed) = row[3] else {
                Issue.record("a row of another shape: \(row)")
                continue
            }
            #expect(abs(speed - Self.speed * 3.6) < 4)
        }
    }
}
