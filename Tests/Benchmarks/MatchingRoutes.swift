import Foundation
import Geo
import MapMatching
import Records
import RoadNetwork

/// Seeded routes with the positions that a car on them would have sent.
struct MatchingRoutes {
    struct Track {
        /// Directed segments, each driven from its start to its end.
        var segments: [Int]
        var observations: [Observation]
    }

    let graph: RoadGraph
    /// What the map is called in remarks.
    let mapName: String
    private var routes: [[Int]] = []

    /// Routes of 2 to 10 km between random crossings, on the Rhein-Neckar map where it is there and
    /// else in the synthetic city.
    init(graph: RoadGraph, mapName: String, count: Int, seed: UInt64 = 2_016) {
        self.graph = graph
        self.mapName = mapName
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

    /// The routes driven at 0.9 of free flow, seen every `sampling` seconds and at the end with
    /// normal noise of `noise` metres on each axis.
    func tracks(sampling: Double, noise: Double, seed: UInt64 = 7) -> [Track] {
        var random = SeededGenerator(seed: seed)
        return routes.map { route in
            var observations: [Observation] = []
            func see(_ segment: Int, _ offset: Double, at seconds: Double) {
                let place = graph.coordinate(on: segment, offset: offset)
                let radius = (-2 * log(1 - random.unit())).squareRoot() * noise
                let angle = 2 * Double.pi * random.unit()
                let point = PlanarPoint(x: radius * cos(angle), y: radius * sin(angle))
                observations.append(
                    Observation(
                        time: EventTime(milliseconds: 1_000_000 + Int64(seconds * 1_000)),
                        coordinate: LocalProjection(origin: place).unproject(point),
                        sequence: UInt64(observations.count)))
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
            return Track(segments: route, observations: observations)
        }
    }

    /// The share of the true length that is missed plus what is matched beside it, by directed
    /// segment.
    func error(_ tracks: [Track], settings: MatcherSettings) -> Double {
        var matcher = MapMatcher(graph: graph, settings: settings)
        var wrong = 0.0
        var total = 0.0
        var output = MatchOutput()
        for track in tracks {
            output.removeAll()
            var lattice = Lattice()
            for observation in track.observations {
                matcher.advance(&lattice, with: observation, into: &output)
            }
            matcher.flush(&lattice, into: &output)
            var balance: [Int: Double] = [:]
            for segment in track.segments {
                balance[segment, default: 0] += graph.length(segment)
                total += graph.length(segment)
            }
            for traversal in output.traversals {
                balance[traversal.segment, default: 0] -= traversal.length
            }
            wrong += balance.keys.sorted().reduce(0) { $0 + abs(balance[$1] ?? 0) }
        }
        return wrong / max(1, total)
    }
}
