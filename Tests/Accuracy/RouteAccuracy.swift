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

    init(_ tracks: [SampledRoutes.Track], graph: RoadGraph, settings: MatcherSettings) {
        var matcher = MapMatcher(graph: graph, settings: settings)
        var (missed, extra, total) = (0.0, 0.0, 0.0)
        var output = MatchOutput()
        for track in tracks {
            output.removeAll()
            var lattice = Lattice()
            for sample in track.samples {
                matcher.advance(
                    &lattice, with: Observation(time: sample.time, coordinate: sample.coordinate),
                    into: &output)
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
            for segment in balance.keys.sorted() {
                let left = balance[segment] ?? 0
                if left > 0 { missed += left } else { extra -= left }
            }
        }
        right = 1 - missed / max(1, total)
        error = (missed + extra) / max(1, total)
    }
}
