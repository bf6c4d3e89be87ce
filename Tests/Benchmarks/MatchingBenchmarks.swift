import Fleet
import Foundation
import Geo
import MapMatching
import Records
import RoadNetwork
import TrafficUpdates

/// `matching.*`: the online matcher with the settings of the pipeline, every point given counted.
enum MatchingBenchmarks {
    static var all: [Benchmark] {
        [Benchmark(name: "matching") { report in try run(&report) }]
    }

    /// The least points/s on one core by the seconds between two points; none is set for sparser tracks.
    private static let floors = [1.0: 60_000.0, 5.0: 40_000]

    private static func run(_ report: inout BenchmarkReport) throws {
        let (routes, mapName) = try routes(count: 150)
        let settings = TrafficUpdates.Parameters().matcher
        for sampling in [1.0, 5, 15] {
            let tracks = routes.tracks(sampling: sampling, noise: 5)
            let points = tracks.reduce(0) { $0 + $1.samples.count }
            let snapping = medianSeconds { keep(snap(tracks, on: routes.graph)) }
            let matching = medianSeconds { keep(match(tracks, on: routes.graph, settings)) }
            report.add(
                "matching.\(Int(sampling))s", Double(points) / matching, unit: "points/s",
                floor: floors[sampling])
            report.remark(
                "the look-up of each point's nearest roads alone: "
                    + "\(Int(Double(points) / snapping)) points/s at \(Int(sampling)) s")
        }
        let (bytes, users) = state(
            routes.tracks(sampling: 5, noise: 5), on: routes.graph, settings)
        report.add(
            "matching.state", Double(bytes) / Double(max(1, users)), unit: "bytes/user",
            higherIsBetter: false)
        report.remark(
            "matching.* ran on \(mapName); its floors are the least points/s on one core that are"
                + " wanted; make accuracy tells how right it is")
    }

    /// The Rhein-Neckar map beside the repository, or the synthetic city.
    private static func routes(count: Int) throws -> (SampledRoutes, mapName: String) {
        let file = "../shared/data/osm/rhein-neckar-highways-2016-12.osm.pbf"
        if FileManager.default.fileExists(atPath: file) {
            return (
                SampledRoutes(graph: try RoadGraph(contentsOfOSMFile: file), count: count),
                "Rhein-Neckar"
            )
        }
        return (
            SampledRoutes(graph: try SyntheticCity.make(seed: 1), count: count),
            "the synthetic city"
        )
    }

    private static func snap(_ tracks: [SampledRoutes.Track], on graph: RoadGraph) -> Int {
        let settings = MatcherSettings()
        var found: [RoadCandidate] = []
        var count = 0
        for track in tracks {
            for sample in track.samples {
                graph.candidates(
                    near: sample.coordinate, radius: settings.radius,
                    limit: settings.candidates, into: &found)
                count &+= found.count
            }
        }
        return count
    }

    private static func match(
        _ tracks: [SampledRoutes.Track], on graph: RoadGraph, _ settings: MatcherSettings
    ) -> Int {
        var matcher = MapMatcher(graph: graph, settings: settings)
        var output = MatchOutput()
        var count = 0
        for track in tracks {
            var lattice = Lattice()
            for sample in track.samples {
                matcher.advance(&lattice, with: Observation(sample), into: &output)
            }
            matcher.flush(&lattice, into: &output)
            count &+= output.traversals.count
            output.removeAll()
        }
        return count
    }

    /// The size of all states as a checkpoint has them, in the middle of each track.
    private static func state(
        _ tracks: [SampledRoutes.Track], on graph: RoadGraph, _ settings: MatcherSettings
    ) -> (bytes: Int, users: Int) {
        var matcher = MapMatcher(graph: graph, settings: settings)
        var output = MatchOutput()
        var bytes = 0
        for track in tracks {
            var lattice = Lattice()
            for sample in track.samples.prefix(track.samples.count / 2) {
                matcher.advance(&lattice, with: Observation(sample), into: &output)
            }
            bytes += lattice.encoded.count
            output.removeAll()
        }
        return (bytes, tracks.count)
    }
}

extension Observation {
    fileprivate init(_ sample: SampledRoutes.Sample) {
        self.init(time: sample.time, coordinate: sample.coordinate)
    }
}
