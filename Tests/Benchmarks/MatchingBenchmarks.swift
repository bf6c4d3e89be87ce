import Fleet
import Foundation
import Geo
import MapMatching
import Records
import RoadNetwork

/// `matching.*`: the online matcher with its default settings, every point given counted.
enum MatchingBenchmarks {
    static var all: [Benchmark] {
        [Benchmark(name: "matching") { report in try run(&report) }]
    }

    private static func run(_ report: inout BenchmarkReport) throws {
        let routes = try routes(count: 150)
        for sampling in [1.0, 5, 15] {
            let tracks = routes.tracks(sampling: sampling, noise: 5)
            let points = tracks.reduce(0) { $0 + $1.observations.count }
            let snapping = medianSeconds { keep(snap(tracks, on: routes.graph)) }
            let matching = medianSeconds { keep(match(tracks, on: routes.graph)) }
            report.add(
                "matching.\(Int(sampling))s", Double(points) / matching, unit: "points/s",
                floor: Double(points) / snapping)
        }
        for (sampling, noise) in [
            (1.0, 5.0), (1, 10), (5, 5), (5, 10), (15, 10), (30, 10), (60, 10), (5, 20),
        ] {
            let error = routes.error(
                routes.tracks(sampling: sampling, noise: noise), settings: MatcherSettings())
            report.add(
                "matching.error.\(Int(sampling))s.\(Int(noise))m", error * 100, unit: "%",
                higherIsBetter: false)
        }
        let (bytes, users) = state(routes.tracks(sampling: 5, noise: 5), on: routes.graph)
        report.add(
            "matching.state", Double(bytes) / Double(max(1, users)), unit: "bytes/user",
            higherIsBetter: false)
        report.remark(
            "matching.* ran on \(routes.mapName); its floor is the look-up of each point's nearest"
                + " roads, without a model")
    }

    /// The Rhein-Neckar map beside the repository, or the synthetic city.
    private static func routes(count: Int) throws -> MatchingRoutes {
        let file = "../shared/data/osm/rhein-neckar-highways-2016-12.osm.pbf"
        if FileManager.default.fileExists(atPath: file) {
            return MatchingRoutes(
                graph: try RoadGraph(contentsOfOSMFile: file), mapName: "Rhein-Neckar",
                count: count)
        }
        return MatchingRoutes(
            graph: try SyntheticCity.make(seed: 1), mapName: "the synthetic city", count: count)
    }

    private static func snap(_ tracks: [MatchingRoutes.Track], on graph: RoadGraph) -> Int {
        let settings = MatcherSettings()
        var found: [RoadCandidate] = []
        var count = 0
        for track in tracks {
            for observation in track.observations {
                graph.candidates(
                    near: observation.coordinate, radius: settings.radius,
                    limit: settings.candidates, into: &found)
                count &+= found.count
            }
        }
        return count
    }

    private static func match(_ tracks: [MatchingRoutes.Track], on graph: RoadGraph) -> Int {
        var matcher = MapMatcher(graph: graph)
        var output = MatchOutput()
        var count = 0
        for track in tracks {
            var lattice = Lattice()
            for observation in track.observations {
                matcher.advance(&lattice, with: observation, into: &output)
            }
            matcher.flush(&lattice, into: &output)
            count &+= output.traversals.count
            output.removeAll()
        }
        return count
    }

    /// The size of all states as a checkpoint has them, in the middle of each track.
    private static func state(
        _ tracks: [MatchingRoutes.Track], on graph: RoadGraph
    ) -> (bytes: Int, users: Int) {
        var matcher = MapMatcher(graph: graph)
        var output = MatchOutput()
        var bytes = 0
        for track in tracks {
            var lattice = Lattice()
            for observation in track.observations.prefix(track.observations.count / 2) {
                matcher.advance(&lattice, with: observation, into: &output)
            }
            bytes += lattice.encoded.count
            output.removeAll()
        }
        return (bytes, tracks.count)
    }
}
