internal import Foundation
public import Geo
public import Records
public import RoadNetwork

/// Seeded routes with the positions that a car on them would have sent: what the accuracy and the speed of
/// matching are measured on.
public struct SampledRoutes: Sendable {
    /// A moment at which a car was seen.
    public struct Sample: Hashable, Sendable {
        /// When.
        public var time: EventTime
        /// Where the device believes to have been.
        public var coordinate: Coordinate
    }

    /// A route as it was driven and seen.
    public struct Track: Sendable {
        /// Directed segments, each driven from its start to its end.
        public var segments: [Int]
        /// In the order of time, the last one at the route's end.
        public var samples: [Sample]
    }

    /// The roads.
    public let graph: RoadGraph
    private var routes: [[Int]] = []

    /// Draws `count` fastest routes of 2 to 10 km between random crossings; fewer on a map that hasn't got them.
    public init(graph: RoadGraph, count: Int, seed: UInt64 = 2_016) {
        self.graph = graph
        var random = SeededGenerator(seed: seed)
        var search = RouteSearch(graph)
        var attempts = 0
        while routes.count < count, attempts < 20 * count {
            attempts += 1
            let from = Int(random.next() % UInt64(graph.nodeCount))
            let to = Int(random.next() % UInt64(graph.nodeCount))
            let straight = graph.coordinate(ofNode: from).distance(
                to: graph.coordinate(ofNode: to))
            guard straight > 1_000, straight < 9_000,
                let route = search.route(from: from, to: to, limit: 1_800)
            else { continue }
            let length = route.reduce(0) { $0 + graph.length($1) }
            if length >= 2_000, length <= 10_000 { routes.append(route) }
        }
    }

    /// How many routes there are.
    public var count: Int { routes.count }

    /// The routes driven at 0.9 of free flow, seen every `sampling` seconds and at the end with normal noise
    /// of `noise` metres on each axis.
    public func tracks(sampling: Double, noise: Double, seed: UInt64 = 7) -> [Track] {
        var random = SeededGenerator(seed: seed)
        return routes.map { route in
            var samples: [Sample] = []
            func see(_ segment: Int, _ offset: Double, at seconds: Double) {
                let place = graph.coordinate(on: segment, offset: offset)
                let radius = (-2 * log(1 - random.unit())).squareRoot() * noise
                let angle = 2 * Double.pi * random.unit()
                let point = PlanarPoint(x: radius * cos(angle), y: radius * sin(angle))
                samples.append(
                    Sample(
                        time: EventTime(milliseconds: 1_000_000 + Int64(seconds * 1_000)),
                        coordinate: LocalProjection(origin: place).unproject(point)))
            }
            var time = 0.0
            var next = 0.0
            for segment in route {
                let speed = graph.freeFlowSpeed(segment) * 0.9
                let duration = graph.length(segment) / speed
                while next < time + duration {
                    see(segment, (next - time) * speed, at: next)
                    next += sampling
                }
                time += duration
            }
            if let last = route.last, time - (next - sampling) > 0.5 {
                see(last, graph.length(last), at: time)
            }
            return Track(segments: route, samples: samples)
        }
    }
}
