import Fleet
import MapMatching
import Records
import RoadNetwork

/// How much of a route is found, and how much is found that wasn't driven.
struct RouteAccuracy {
    /// The share of the true length that is right.
    private(set) var right = 0.0
    /// Route length missed plus extra over true length: Newson and Krumm's error (2009), by directed segment.
    private(set) var error = 0.0
    /// What of ``error`` lies on the first and the last segments that were driven or found: where a drive begins
    /// and ends between crossings, a position tells to its noise only.
    private(set) var ends = 0.0
    /// The routes that contribute most, the worst first.
    private(set) var worst: [Mistake] = []

    /// What was missed of a route and what was found that wasn't driven, in metres by directed segment.
    struct Mistake {
        var route: Int
        var missed: [(segment: Int, metres: Double)]
        var extra: [(segment: Int, metres: Double)]
        var metres: Double
    }

    init(
        _ tracks: [SampledRoutes.Track], graph: RoadGraph, settings: MatcherSettings,
        keeping limit: Int = 0
    ) {
        var matcher = MapMatcher(graph: graph, settings: settings)
        var (missed, extra, total, atEnds) = (0.0, 0.0, 0.0, 0.0)
        var output = MatchOutput()
        var mistakes: [Mistake] = []
        for (route, track) in tracks.enumerated() {
            output.removeAll()
            var lattice = Lattice()
            for sample in track.samples {
                matcher.advance(
                    &lattice, with: Observation(time: sample.time, coordinate: sample.coordinate),
                    into: &output)
            }
            matcher.flush(&lattice, into: &output)
            var balance: [Int: Double] = [:]
            for (index, segment) in track.segments.enumerated() {
                let from = index == 0 ? track.firstOffset : 0
                let isLast = index == track.segments.count - 1
                let driven = (isLast ? track.lastOffset : graph.length(segment)) - from
                balance[segment, default: 0] += driven
                total += driven
            }
            for traversal in output.traversals {
                balance[traversal.segment, default: 0] -= traversal.length
            }
            let ends = Set(
                [track.segments.first, track.segments.last].compactMap { $0 }
                    + [output.traversals.first, output.traversals.last].compactMap { $0?.segment })
            atEnds += ends.reduce(0) { $0 + abs(balance[$1] ?? 0) }
            var mistake = Mistake(route: route, missed: [], extra: [], metres: 0)
            for segment in balance.keys.sorted() {
                let left = balance[segment] ?? 0
                if left > 0 { missed += left } else { extra -= left }
                mistake.metres += abs(left)
                if left > 1 { mistake.missed.append((segment, left)) }
                if left < -1 { mistake.extra.append((segment, -left)) }
            }
            mistakes.append(mistake)
        }
        worst = Array(mistakes.sorted { $0.metres > $1.metres }.prefix(limit))
        right = 1 - missed / max(1, total)
        error = (missed + extra) / max(1, total)
        ends = atEnds / max(1, total)
    }
}
