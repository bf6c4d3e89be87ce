import Geo
import Records
import RoadNetwork
import Testing

@Suite("Road graphs")
struct RoadGraphTests {
    /// A square of four streets with a roundabout's quarter and a dead end.
    private static func square(order: [Int] = [0, 1, 2, 3, 4]) throws -> RoadGraph {
        let places = [(0, 0), (0, 20), (20, 20), (20, 0), (0, 10), (30, 30)]
        let ways: [(Int64, [Int64], RoadAttributes)] = [
            (7, [1, 5, 2], RoadAttributes(.primary, speedLimit: 50)),
            (8, [2, 3], RoadAttributes(.residential, backward: false)),
            (9, [3, 4], RoadAttributes(.tertiary, backward: false, isRoundabout: true)),
            (10, [4, 1], RoadAttributes(.secondary, forward: false)),
            (11, [3, 6], RoadAttributes(.service)),
        ]
        var builder = RoadGraphBuilder()
        for (index, place) in places.enumerated() {
            builder.addNode(
                Int64(index + 1),
                Coordinate(
                    latitude: 50 + Double(place.0) * 1e-4, longitude: 8 + Double(place.1) * 1e-4))
        }
        for index in order { builder.addWay(ways[index].0, nodes: ways[index].1, ways[index].2) }
        return try builder.build()
    }

    @Test("segments join crossings and know each other")
    func structure() throws {
        let graph = try RoadGraphTests.square()
        #expect(graph.nodeCount == 5)
        #expect(graph.segmentCount == 7)
        for index in 0..<graph.segmentCount {
            let segment = graph.segment(index)
            #expect(graph.outgoing(segment.from).contains(index))
            #expect(graph.incoming(segment.to).contains(index))
            #expect(graph.index(of: segment.id) == index)
            let geometry = graph.geometry(index)
            #expect(geometry.coordinates.first == graph.coordinate(ofNode: segment.from))
            #expect(geometry.coordinates.last == graph.coordinate(ofNode: segment.to))
            #expect(abs(geometry.length - segment.length) < 0.01)
            if let reverse = segment.reverse {
                #expect(graph.reverse(reverse) == index)
                #expect(graph.startNode(reverse) == segment.to)
                #expect(graph.geometry(reverse).coordinates == geometry.coordinates.reversed())
            }
        }
        let backwards = SegmentID(way: 10, from: 1, to: 4, forward: false)
        #expect(graph.index(of: backwards) != nil)
        #expect(graph.index(of: SegmentID(way: 10, from: 4, to: 1, forward: true)) == nil)
        let roundabout = SegmentID(way: 9, from: 3, to: 4, forward: true)
        #expect(graph.segment(try #require(graph.index(of: roundabout))).isRoundabout)
    }

    @Test("the graph doesn't depend on the order of the roads")
    func order() throws {
        let graph = try RoadGraphTests.square()
        let other = try RoadGraphTests.square(order: [4, 2, 0, 3, 1])
        #expect(graph.fingerprint == other.fingerprint)
        for index in 0..<graph.segmentCount { #expect(graph.id(of: index) == other.id(of: index)) }
        let fewer = try RoadGraphTests.square(order: [0, 1, 2, 3])
        #expect(graph.fingerprint != fewer.fingerprint)
    }

    @Test("roads that stay keep their ids in the next map")
    func stability() throws {
        let graph = try RoadGraphTests.square()
        let next = try RoadGraphTests.square(order: [0, 1, 2, 3])
        for index in 0..<next.segmentCount {
            #expect(graph.index(of: next.id(of: index)) != nil)
        }
    }

    @Test("two stretches of one way between the same crossings have two ids")
    func collisions() throws {
        var builder = RoadGraphBuilder()
        for (id, x, y) in [(1, 0, 0), (2, 10, 5), (3, 20, 0), (4, 10, -5), (5, 0, -9)] {
            builder.addNode(
                Int64(id), Coordinate(latitude: Double(y) * 1e-4, longitude: Double(x) * 1e-4))
        }
        // A loop there and back, and side streets that cut it at 1 and 3.
        builder.addWay(1, nodes: [1, 2, 3, 4, 1, 2, 3], RoadAttributes(.residential))
        builder.addWay(2, nodes: [5, 1], RoadAttributes(.residential))
        let graph = try builder.build()
        let ids = Set((0..<graph.segmentCount).map { graph.id(of: $0) })
        #expect(ids.count == graph.segmentCount)
        #expect(graph.report.idCollisions > 0)
        #expect(ids.allSatisfy { $0.rawValue > 0 && $0.rawValue <= UInt64(Int64.max) })
    }

    @Test("duplicates, short ways and unplaced nodes are counted")
    func faults() throws {
        var builder = RoadGraphBuilder()
        builder.addNode(1, Coordinate(latitude: 0, longitude: 0))
        builder.addNode(2, Coordinate(latitude: 0.001, longitude: 0))
        builder.addNode(2, Coordinate(latitude: 0.002, longitude: 0))
        builder.addNode(3, Coordinate(latitude: .nan, longitude: 0))
        builder.addWay(1, nodes: [1, 2, 2], RoadAttributes(.residential))
        builder.addWay(1, nodes: [2, 1], RoadAttributes(.primary))
        builder.addWay(2, nodes: [1], RoadAttributes(.residential))
        builder.addWay(3, nodes: [1, 3], RoadAttributes(.residential))
        let report = try builder.build().report
        #expect(report.duplicates == 2)
        #expect(report.shortWays == 2)
        #expect(report.danglingReferences == 1)
        #expect(report.invalidCoordinates == 1)
    }

    @Test("an offset finds its place, in both directions")
    func offsets() throws {
        let graph = try RoadGraphTests.square()
        for index in 0..<graph.segmentCount {
            let length = graph.length(index)
            let line = graph.geometry(index)
            for share in [-0.5, 0, 0.1, 0.5, 0.9, 1, 1.5] {
                let place = graph.coordinate(on: index, offset: length * share)
                let expected = try #require(line.point(atOffset: length * share))
                #expect(place.distance(to: expected) < 0.05)
            }
        }
    }

    @Test("candidates are those that a look at every road finds")
    func candidates() throws {
        let graph = try RoadGraphTests.square()
        var random = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            let place = Coordinate(
                latitude: 49.9995 + random.unit() * 0.005, longitude: 7.9995 + random.unit() * 0.005
            )
            let radius = 5 + random.unit() * 150
            let found = graph.candidates(near: place, radius: radius)
            #expect(zip(found, found.dropFirst()).allSatisfy { $0.distance <= $1.distance })
            var expected = 0
            for segment in 0..<graph.segmentCount {
                let line = graph.geometry(segment)
                let projection = try #require(line.projection(of: place))
                let candidate = found.first { $0.segment == Int32(segment) }
                if projection.distance < radius - 0.05 {
                    let candidate = try #require(candidate)
                    #expect(abs(Double(candidate.distance) - projection.distance) < 0.1)
                    let there = graph.coordinate(on: segment, offset: Double(candidate.offset))
                    #expect(abs(there.distance(to: place) - projection.distance) < 0.1)
                    expected += 1
                }
            }
            #expect(found.count >= expected)
        }
        #expect(graph.candidates(near: Coordinate(latitude: .nan, longitude: 8), radius: 9).isEmpty)
        #expect(graph.candidates(near: Coordinate(latitude: -50, longitude: 99), radius: 9).isEmpty)
    }
}
