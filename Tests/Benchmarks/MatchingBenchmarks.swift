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
        [1.0, 5, 15].map { sampling in
            Benchmark(name: "matching.\(Int(sampling))s") { try speed(sampling, &$0) }
        } + [
            Benchmark(name: "matching.state") { try state(&$0) },
            Benchmark(name: "matching.profile") { try profile(&$0) },
            Benchmark(name: "matching.cache") { try cache(&$0) },
        ]
    }

    /// The least points/s on one core by the seconds between two points; none is set for sparser tracks.
    private static let floors = [1.0: 60_000.0, 5.0: 40_000]

    private static let loaded = Result { try routes(count: 150) }

    private static func speed(_ sampling: Double, _ report: inout BenchmarkReport) throws {
        let (routes, mapName) = try loaded.get()
        let settings = TrafficUpdates.Parameters().matcher
        let tracks = routes.tracks(sampling: sampling, noise: 5)
        let points = tracks.reduce(0) { $0 + $1.samples.count }
        let snapping = medianSeconds { keep(snap(tracks, on: routes.graph)) }
        let matching = medianSeconds { keep(match(tracks, on: routes.graph, settings)) }
        report.add(
            "matching.\(Int(sampling))s", Double(points) / matching, unit: "points/s",
            floor: floors[sampling])
        report.remark(
            "on \(mapName); the floor is the least that is wanted; the look-up of each point's nearest roads alone:"
                + " \(Int(Double(points) / snapping)) points/s; make accuracy tells how right it is"
        )
    }

    private static func state(_ report: inout BenchmarkReport) throws {
        let (routes, _) = try loaded.get()
        let samplings = [5.0, 1]
        let all = try samplings.map {
            try MatchingMemory(
                routes.tracks(sampling: $0, noise: 5), on: routes.graph,
                TrafficUpdates.Parameters())
        }
        for (sampling, kept) in zip(samplings, all) {
            let name = "matching.state.\(Int(sampling))s"
            report.add(
                "\(name).checkpoint", kept.checkpoint, unit: "bytes/user", higherIsBetter: false)
            report.add("\(name).memory", kept.memory, unit: "bytes/user", higherIsBetter: false)
        }
        report.remark(
            "matching.state.* is all that the pipeline's operator keeps of a user in the middle of a drive, as a"
                + " checkpoint and as a worker has it")
    }

    private static func profile(_ report: inout BenchmarkReport) throws {
        let all = try ProfileMemory.traffic.map { ($0.name, try ProfileMemory($0)) }
        for (name, kept) in all {
            report.add(
                "matching.profile.\(name).checkpoint", kept.checkpoint, unit: "bytes/key",
                higherIsBetter: false)
            report.add(
                "matching.profile.\(name).memory", kept.memory, unit: "bytes/key",
                higherIsBetter: false)
        }
        report.remark(
            "matching.profile.* is what the profile of the week keeps of a segment and bin that one vehicle has"
                + " passed, three in a week, three in each of three weeks, and as many as it ever keeps"
        )
    }

    private static func cache(_ report: inout BenchmarkReport) throws {
        let (routes, mapName) = try loaded.get()
        let settings = TrafficUpdates.Parameters().matcher
        var search = RouteSearch(routes.graph)
        let tables = [300, 600].map { ($0, ReachTable(routes.graph, radius: Double($0))) }
        for sampling in [1.0, 5, 15] {
            let tracks = routes.tracks(sampling: sampling, noise: 5)
            let cache = MatchingCache(tracks, on: routes.graph, settings)
            let matching = medianSeconds { keep(match(tracks, on: routes.graph, settings)) }
            let plain = medianSeconds { keep(cache.answer(&search)) }
            let name = "matching.cache.\(Int(sampling))s"
            let count = Double(cache.questions.count)
            report.add("\(name).none", count / plain, unit: "searches/s")
            let answer = cache.answer(&search)
            for (radius, table) in tables {
                let with = medianSeconds { keep(cache.answer(&search, with: table)) }
                guard cache.answer(&search, with: table) == answer else {
                    throw BenchmarkFailure(
                        description: "a table of \(radius) m has changed a result")
                }
                report.add(
                    "\(name).\(radius)m", count / with, unit: "searches/s", floor: count / plain)
            }
            report.remark(
                "on \(mapName), every \(Int(sampling)) s: all of matching takes \(matching) s, these searches alone"
                    + " \(plain) s; the same results with every table")
        }
        for (radius, table) in tables {
            report.remark("the table of \(radius) m: \(table.bytes / 1_000_000) MB")
        }
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
}

extension Observation {
    fileprivate init(_ sample: SampledRoutes.Sample) {
        self.init(time: sample.time, coordinate: sample.coordinate)
    }
}
