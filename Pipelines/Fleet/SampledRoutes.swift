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
        /// Directed segments, each driven from its start to its end, but for what the offsets say.
        public var segments: [Int]
        /// Where on the first segment the drive begins, in metres from its start.
        public var firstOffset = 0.0
        /// Where on the last segment it ends, in metres from its start.
        public var lastOffset: Double
        /// In the order of time, the first one at the drive's beginning and the last one at its end.
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

    /// How the routes are driven, which is nothing that the matcher is told.
    public enum Driving: String, CaseIterable, Sendable {
        /// At 0.9 of free flow everywhere, seen at the start and in even steps from there: as a model that
        /// reckons with free flow would have it.
        case steady
        /// As people drive in a town: each driver at a pace of its own and each road at one, 0.45 to 1.15 of free
        /// flow together; at one crossing in six a stop of 4 to 30 s; seen at a moment of the device's own.
        case varied
    }

    /// The routes driven and seen every `sampling` seconds, at their start and at their end, with independent normal
    /// noise of `noise` metres on each axis.
    ///
    /// - Parameter isCut: the drive begins within ten seconds of the route's start and ends with the last sample before
    ///   its end, so that it has its ends between crossings.
    public func tracks(
        sampling: Double, noise: Double, driving: Driving = .steady, isCut: Bool = false,
        seed: UInt64 = 7
    ) -> [Track] {
        var random = SeededGenerator(seed: seed)
        return routes.map { route in
            let legs = legs(of: route, driving, &random)
            var samples: [Sample] = []
            var places: [(leg: Int, offset: Double)] = []
            func see(_ leg: Int, _ offset: Double, at seconds: Double) {
                let segment = route[leg]
                places.append((leg, offset))
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
            var next = isCut ? 10 * random.unit() : 0
            for (index, leg) in legs.enumerated() {
                let duration = graph.length(leg.segment) / leg.speed
                let end = time + duration + leg.standing
                while next < end {
                    let driven = min(next - time, duration) * leg.speed
                    see(index, driven, at: next)
                    if samples.count == 1, driving == .varied {
                        next += sampling * random.unit()
                    } else {
                        next += sampling
                    }
                }
                time = end
            }
            let last = samples.last.map { Double($0.time.milliseconds - 1_000_000) / 1_000 } ?? 0
            if let end = route.last, time - last > 0.5, !isCut {
                see(route.count - 1, graph.length(end), at: time)
            }
            guard isCut, let first = places.first, let final = places.last else {
                return Track(
                    segments: route, lastOffset: route.last.map { graph.length($0) } ?? 0,
                    samples: samples)
            }
            return Track(
                segments: Array(route[first.leg...final.leg]), firstOffset: first.offset,
                lastOffset: final.offset, samples: samples)
        }
    }

    /// A segment, how fast it is driven, and for how long the car stands at its end.
    private struct Leg {
        var segment: Int
        var speed: Double
        var standing = 0.0
    }

    private func legs(
        of route: [Int], _ driving: Driving, _ random: inout SeededGenerator
    ) -> [Leg] {
        guard driving == .varied else {
            return route.map { Leg(segment: $0, speed: graph.freeFlowSpeed($0) * 0.9) }
        }
        let temper = 0.8 + 0.3 * random.unit()
        return route.enumerated().map { index, segment in
            let own = 0.55 + 0.5 * random.unit()
            var leg = Leg(segment: segment, speed: graph.freeFlowSpeed(segment) * temper * own)
            let isCrossing = graph.outgoing(graph.endNode(segment)).count > 2
            if isCrossing, index + 1 < route.count, random.unit() < 1.0 / 6 {
                leg.standing = 4 + 26 * random.unit()
            }
            return leg
        }
    }
}
