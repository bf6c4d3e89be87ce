import Geo
import Records
import RoadNetwork
import Testing

/// One town at three places: in the middle of nowhere, across the antimeridian, and with roads all round the earth.
@Suite("Roads across the antimeridian")
struct AntimeridianTests {
    /// How far to the east the town is moved so that its middle lies at 180 degrees.
    private static let turn = 172 - 0.01
    private static let corner = Coordinate(latitude: -17, longitude: 8)

    private static func moved(_ place: Coordinate, _ degrees: Double) -> Coordinate {
        Coordinate(
            latitude: place.latitude,
            longitude: Longitude.wrapped(place.longitude + degrees))
    }

    /// Six streets of 0.02 degrees each way, with a bent one; their crossings fall on no antimeridian.
    private static func town(turned: Double, round: Bool = false) throws -> RoadGraph {
        var builder = RoadGraphBuilder()
        func add(_ id: Int, _ row: Double, _ column: Double) {
            let place = Coordinate(
                latitude: corner.latitude + row * 0.004,
                longitude: corner.longitude + column * 0.004)
            builder.addNode(Int64(id), moved(place, turned))
        }
        for row in 0..<6 {
            for column in 0..<6 { add(10 * row + column, Double(row), Double(column)) }
        }
        add(100, 0.5, 2.2)
        add(101, 1.7, 2.9)
        for line in 0..<6 {
            builder.addWay(
                Int64(line + 1), nodes: (0..<6).map { Int64(10 * line + $0) },
                RoadAttributes(.secondary))
            builder.addWay(
                Int64(line + 11), nodes: (0..<6).map { Int64(10 * $0 + line) },
                RoadAttributes(.residential, backward: line != 2))
        }
        builder.addWay(30, nodes: [2, 100, 101, 23], RoadAttributes(.tertiary))
        if round {
            for (id, longitude) in [-120.0, -60, 0, 60, 120].enumerated() {
                builder.addNode(
                    Int64(200 + id), Coordinate(latitude: 40, longitude: longitude))
                builder.addNode(
                    Int64(210 + id), Coordinate(latitude: 40.01, longitude: longitude))
                builder.addWay(
                    Int64(200 + id), nodes: [Int64(200 + id), Int64(210 + id)],
                    RoadAttributes(.primary))
            }
        }
        return try builder.build()
    }

    @Test("the roads have their lengths and a box as narrow as elsewhere")
    func extent() throws {
        let (there, here) = (try Self.town(turned: Self.turn), try Self.town(turned: 0))
        #expect(there.segmentCount == here.segmentCount)
        for segment in 0..<here.segmentCount {
            let other = try #require(there.index(of: here.id(of: segment)))
            #expect(abs(there.length(other) - here.length(segment)) < 0.05)
            let middle = there.coordinate(on: other, offset: there.length(other) / 2)
            #expect(middle.isValid)
            let expected = Self.moved(
                here.coordinate(on: segment, offset: here.length(segment) / 2), Self.turn)
            #expect(middle.distance(to: expected) < 0.1)
        }
        #expect(abs(there.bounds.width - here.bounds.width) < 0.1)
        #expect(abs(there.bounds.west - 179.99) < 1e-6 && abs(there.bounds.east - 180.01) < 1e-6)
    }

    @Test(
        "candidates and projections are those of the same town elsewhere",
        arguments: [(false, 0.0), (true, 0), (false, 0.0099), (false, -0.0099)])
    func candidates(round: Bool, shift: Double) throws {
        let turn = Self.turn + shift
        let (there, here) = (
            try Self.town(turned: turn, round: round), try Self.town(turned: 0)
        )
        var random = SeededGenerator(seed: 3)
        var count = 0
        for _ in 0..<300 {
            let place = Coordinate(
                latitude: -17.002 + random.unit() * 0.024, longitude: 7.998 + random.unit() * 0.024)
            let radius = 20 + random.unit() * 300
            let expected = here.candidates(near: place, radius: radius)
            let found = there.candidates(near: Self.moved(place, turn), radius: radius)
            let ids = Set(found.map { there.id(of: Int($0.segment)) })
            for candidate in expected {
                let id = here.id(of: Int(candidate.segment))
                // Rounding may put one on the edge inside or outside.
                if Double(candidate.distance) > radius - 0.1 { continue }
                try #require(ids.contains(id))
                let other = try #require(found.first { there.id(of: Int($0.segment)) == id })
                count += 1
                #expect(abs(other.distance - candidate.distance) < 0.1)
                #expect(abs(other.offset - candidate.offset) < 0.2)
                #expect(abs(other.east - candidate.east) < 1e-3)
                let exact = there.projection(
                    of: Self.moved(place, turn), on: other.segment, from: 0, to: 10_000)
                #expect(abs(exact.distance - Double(candidate.distance)) < 0.1)
            }
            #expect(found.count <= expected.count + 2)
        }
        #expect(count > 1_000)
    }

    @Test("a picture shows all of its roads, on the paper and as far apart as elsewhere")
    func picture() throws {
        func picture(_ graph: RoadGraph) -> (roads: Int, box: BoundingBox, svg: String) {
            let svg = TrafficMap(graph: graph, speeds: [:], title: "x").svg
            var (box, roads) = (BoundingBox.empty, 0)
            for path in svg.split(separator: "M").dropFirst() {
                let numbers = path.prefix { "0123456789.- ".contains($0) }
                    .split(separator: " ").compactMap { Double($0) }
                guard numbers.count == 2 else { continue }
                roads += 1
                box.extend(to: Coordinate(latitude: numbers[1], longitude: numbers[0] / 100))
            }
            return (roads, box, svg)
        }
        let here = picture(try Self.town(turned: 0))
        let there = picture(try Self.town(turned: Self.turn))
        #expect(here.roads > 60)
        #expect(there.roads == here.roads)
        #expect(abs(there.box.west - here.box.west) < 0.01)
        #expect(abs(there.box.east - here.box.east) < 0.01)
        #expect(abs(there.svg.utf8.count - here.svg.utf8.count) < here.svg.utf8.count / 20)
        // A part of it, from corner to corner.
        var map = TrafficMap(graph: try Self.town(turned: Self.turn), speeds: [:], title: "x")
        map.bounds = BoundingBox(
            southWest: Coordinate(latitude: -17, longitude: 179.995),
            northEast: Coordinate(latitude: -16.99, longitude: -179.995))
        #expect(map.svg.contains("M"))
    }
}
