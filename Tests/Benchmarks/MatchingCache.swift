import Fleet
import Geo
import MapMatching
import Records
import RoadNetwork

/// What a cache that changes no result gives the matcher's searches: the measurement of
/// `docs/decisions/0004-no-cache-of-routes.md`.
///
/// What a matcher asks is asked here without the rest of it: from each place where a car may be to all places where
/// it may be a step later, by the most probable way. The cache is a table of the metres from each node to all within
/// a radius: it strikes places that can't be reached before the search begins.
struct MatchingCache {
    /// One search.
    struct Question {
        var from: Int32
        var targets: [Int32]
        var weight: RouteSearch.Weight
        var reach: Float
        var banned: Int32
    }

    /// What many searches found, so that it can be compared.
    struct Answer: Equatable {
        var found = 0
        var cost = 0.0
        var metres = 0.0
    }

    let graph: RoadGraph
    let questions: [Question]

    /// Collects the questions of tracks.
    init(_ tracks: [SampledRoutes.Track], on graph: RoadGraph, _ settings: MatcherSettings) {
        self.graph = graph
        var questions: [Question] = []
        for track in tracks {
            var last: (sample: SampledRoutes.Sample, places: [RoadCandidate])?
            for sample in track.samples {
                let straight =
                    last.map { $0.sample.coordinate.distance(to: sample.coordinate) } ?? 0
                let milliseconds = last.map { sample.time.millisecondsSince($0.sample.time) } ?? 0
                if last != nil,
                    straight < settings.stepDistance || milliseconds < settings.stepInterval
                {
                    continue
                }
                let places = MatchingCache.places(near: sample.coordinate, graph, settings)
                let targets = places.map { Int32(graph.startNode(Int($0.segment))) }
                let beta = settings.beta + settings.betaPerMeter * straight
                let bound = min(
                    straight + settings.beam * beta,
                    Double(milliseconds) / 1_000 * settings.topSpeed + 100)
                for place in last?.places ?? [] {
                    let reach = bound - graph.length(Int(place.segment)) + Double(place.offset)
                    if reach < 0 { continue }
                    questions.append(
                        Question(
                            from: Int32(graph.endNode(Int(place.segment))), targets: targets,
                            weight: RouteSearch.Weight(
                                perMeter: Float(1 / beta), perSecond: Float(settings.secondCost),
                                perChoice: Float(settings.choiceCost)),
                            reach: Float(reach),
                            banned: graph.reverse(Int(place.segment)).map { Int32($0) } ?? -1))
                }
                last = (sample, places)
            }
        }
        self.questions = questions
    }

    /// The places near a position that the position alone doesn't make improbable.
    private static func places(
        near coordinate: Coordinate, _ graph: RoadGraph, _ settings: MatcherSettings
    ) -> [RoadCandidate] {
        var found: [RoadCandidate] = []
        graph.candidates(
            near: coordinate, radius: settings.radius, limit: settings.candidates, into: &found)
        let nearest = found.map(\.distance).min() ?? 0
        let farthest =
            nearest * nearest + Float(2 * settings.beam * settings.sigma * settings.sigma)
        return found.filter { $0.distance * $0.distance <= farthest }
    }

    /// Searches for all, with a table or without.
    func answer(_ search: inout RouteSearch, with table: ReachTable? = nil) -> Answer {
        var answer = Answer()
        var left: [Int32] = []
        for question in questions {
            var targets = question.targets
            if let table {
                left.removeAll(keepingCapacity: true)
                for target in targets
                where table.mayReach(target, from: question.from, within: question.reach) {
                    left.append(target)
                }
                if left.isEmpty { continue }
                targets = left
            }
            search.run(
                from: question.from, weight: question.weight, limit: .infinity,
                reach: question.reach, targets: targets, banned: question.banned)
            for target in targets {
                guard let cost = search.cost(to: target) else { continue }
                answer.found += 1
                answer.cost += Double(cost)
                answer.metres += Double(search.along(to: target, into: 0).meters)
            }
        }
        return answer
    }
}

/// The metres from each node to all nodes within a radius.
struct ReachTable {
    private let radius: Float
    private var first: [Int32] = [0]
    /// Ascending for each node.
    private var nodes: [Int32] = []
    private var metres: [Float] = []

    /// Bytes that the table takes.
    var bytes: Int { 4 * (first.count + nodes.count + metres.count) }

    /// Searches from each node.
    init(_ graph: RoadGraph, radius: Double) {
        self.radius = Float(radius)
        let count =
            graph.segmentCount == 0
            ? 0
            : 1
                + (0..<graph.segmentCount).reduce(0) {
                    max($0, graph.startNode($1), graph.endNode($1))
                }
        var search = RouteSearch(graph)
        // A search ends with its last target: one that is too far lets it go to its limit.
        let origin = count == 0 ? nil : graph.coordinate(ofNode: 0)
        let far = (0..<count).max {
            (origin?.distance(to: graph.coordinate(ofNode: $0)) ?? 0)
                < (origin?.distance(to: graph.coordinate(ofNode: $1)) ?? 0)
        }
        var seen = [Int](repeating: -1, count: count)
        for node in 0..<count {
            let here = graph.coordinate(ofNode: node)
            let isNear = origin.map { here.distance(to: $0) <= radius } ?? true
            search.run(
                from: Int32(node), weight: .distance, limit: self.radius,
                targets: [isNear ? Int32(far ?? 0) : 0])
            var open = [node]
            var found: [(Int32, Float)] = []
            seen[node] = node
            while let next = open.popLast() {
                guard let cost = search.cost(to: Int32(next)) else { continue }
                found.append((Int32(next), cost))
                for segment in graph.outgoing(next) {
                    let end = graph.endNode(segment)
                    if seen[end] != node {
                        seen[end] = node
                        open.append(end)
                    }
                }
            }
            for (end, cost) in found.sorted(by: { $0.0 < $1.0 }) {
                nodes.append(end)
                metres.append(cost)
            }
            first.append(Int32(nodes.count))
        }
    }

    /// Whether a way of so many metres may lead there; what is beyond the radius isn't known.
    @inline(__always)
    func mayReach(_ target: Int32, from node: Int32, within reach: Float) -> Bool {
        var (low, high) = (Int(first[Int(node)]), Int(first[Int(node) + 1]))
        let end = high
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle] < target { low = middle + 1 } else { high = middle }
        }
        // A little more than the search allows: its sums are rounded in another order.
        if low < end, nodes[low] == target { return metres[low] <= reach * 1.0001 + 0.01 }
        return reach > radius
    }
}
