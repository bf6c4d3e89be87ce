import Foundation
import Geo
import Records
import RoadNetwork
import Testing

@Suite("Route search")
struct RouteSearchTests {
    /// Random streets between random places.
    private static func graph(seed: UInt64) throws -> RoadGraph {
        var random = SeededGenerator(seed: seed)
        var builder = RoadGraphBuilder()
        for node in 0..<40 {
            builder.addNode(
                Int64(node),
                Coordinate(latitude: random.unit() * 0.02, longitude: random.unit() * 0.02))
        }
        for way in 0..<90 {
            let from = Int64(random.next() % 40)
            let to = Int64(random.next() % 40)
            let roadClass = RoadClass.allCases[Int(random.next() % 14)]
            builder.addWay(
                Int64(way), nodes: [from, to],
                RoadAttributes(roadClass, backward: random.next() % 3 > 0))
        }
        return try builder.build()
    }

    @Test(
        "routes cost what relaxing every segment until nothing changes finds",
        arguments: [
            RouteSearch.Weight.distance, .time,
        ])
    func bellmanFord(weight: RouteSearch.Weight) throws {
        for seed in 0..<6 {
            let graph = try RouteSearchTests.graph(seed: UInt64(seed))
            func cost(_ segment: Int) -> Double {
                let length = graph.length(segment)
                return weight == .distance ? length : length / graph.freeFlowSpeed(segment)
            }
            var search = RouteSearch(graph)
            for start in stride(from: 0, to: graph.nodeCount, by: 7) {
                var best = [Double](repeating: .infinity, count: graph.nodeCount)
                best[start] = 0
                for _ in 0..<graph.nodeCount {
                    for segment in 0..<graph.segmentCount {
                        let through = best[graph.startNode(segment)] + cost(segment)
                        let to = graph.endNode(segment)
                        best[to] = min(best[to], through)
                    }
                }
                for end in 0..<graph.nodeCount {
                    let route = search.route(from: start, to: end, weight: weight)
                    guard best[end].isFinite else {
                        #expect(route == nil)
                        continue
                    }
                    let segments = try #require(route)
                    let total = segments.reduce(0) { $0 + cost($1) }
                    #expect(abs(total - best[end]) <= 1e-3 * (1 + best[end]))
                    var node = start
                    for segment in segments {
                        #expect(graph.startNode(segment) == node)
                        node = graph.endNode(segment)
                    }
                    #expect(node == end)
                }
            }
        }
    }

    @Test("nothing is found beyond the limit")
    func limit() throws {
        let graph = try RouteSearchTests.graph(seed: 1)
        var search = RouteSearch(graph)
        for end in 0..<graph.nodeCount {
            guard let route = search.route(from: 0, to: end, weight: .distance) else { continue }
            let length = route.reduce(0) { $0 + graph.length($1) }
            #expect(
                search.route(from: 0, to: end, weight: .distance, limit: length + 0.01) == route)
            if length > 1 {
                #expect(
                    search.route(from: 0, to: end, weight: .distance, limit: length - 0.5) == nil)
            }
        }
    }

    @Test("at a crossing a way costs by the share that its class has of the ways on")
    func choices() throws {
        var builder = RoadGraphBuilder()
        for (node, place) in [(0.0, 0.0), (0.001, 0), (0.002, 0), (0.001, 0.001)].enumerated() {
            builder.addNode(
                Int64(node), Coordinate(latitude: place.0, longitude: place.1))
        }
        builder.addWay(1, nodes: [0, 1, 2], RoadAttributes(.primary))
        builder.addWay(2, nodes: [1, 3], RoadAttributes(.service))
        let graph = try builder.build()
        func node(_ id: Int64) throws -> Int {
            try #require((0..<graph.nodeCount).first { graph.nodeID($0) == id })
        }
        func segment(_ from: Int64, _ to: Int64) throws -> Int32 {
            let end = try node(to)
            return Int32(
                try #require(graph.outgoing(node(from)).first { graph.endNode($0) == end }))
        }
        var search = RouteSearch(graph)
        let crossing = Int32(try node(1))
        search.run(from: Int32(try node(0)), weight: .time, limit: .infinity, targets: [crossing])
        // A primary road counts 5, a service road 1; the way back is none of the ways on.
        let main = search.along(to: crossing, into: try segment(1, 2)).choices
        let aside = search.along(to: crossing, into: try segment(1, 3)).choices
        #expect(abs(exp(-main) - 5.0 / 6) < 1e-5)
        #expect(abs(exp(-aside) - 1.0 / 6) < 1e-5)
    }
}
