import ArgumentParser
import Fleet
import Foundation
import MapMatching
import RoadNetwork
import TrafficUpdates

/// `make accuracy`: how right the pipeline's matcher and speeds are, on routes and fleets whose truth is known.
@main
struct Accuracy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accuracy",
        abstract: "Measure matching and speeds against a known truth.")

    @Argument(help: "OSM PBF files; the synthetic city is always measured.")
    var maps: [String] = []

    @Option(help: "How many routes of 2 to 10 km.")
    var routes = 2_000

    @Option(help: "How many vehicles drive for the speeds.")
    var vehicles = 2_000

    @Option(help: "Seconds that they drive.")
    var seconds = 1_800.0

    @Option(help: "What is measured: routes, fleet or both.")
    var only: String?

    @Option(help: "The matcher's lag in seconds, instead of the pipeline's.")
    var lag: Double?

    @Option(help: "The matcher's margin in nats, instead of the default.")
    var margin: Double?

    @Option(help: "Seconds that the matcher holds observations back, instead of the pipeline's.")
    var reorder: Double?

    @Option(
        help: "A directory for the last map's routes, so that another matcher can be given them.")
    var tracks: String?

    @Flag(help: "Leave the synthetic city out.")
    var noCity = false

    func run() throws {
        if !noCity { try measure("the synthetic city", try SyntheticCity.make(seed: 1)) }
        for map in maps { try measure(map, try RoadGraph(contentsOfOSMFile: map)) }
    }

    private func measure(_ name: String, _ graph: RoadGraph) throws {
        let parameters = TrafficUpdates.Parameters()
        var settings = parameters.matcher
        if let lag { settings.lagBound = Int64(lag * 1_000) }
        if let margin { settings.margin = margin }
        if let reorder { settings.reorderBound = Int64(reorder * 1_000) }
        print("\n\(name): \(graph.segmentCount) directed segments")
        if only != "fleet" { try measureRoutes(graph, settings) }
        if only != "routes" { try measureFleet(graph, parameters, settings) }
    }

    private func measureRoutes(_ graph: RoadGraph, _ settings: MatcherSettings) throws {
        let sampled = SampledRoutes(graph: graph, count: routes)
        print("\(sampled.count) routes of 2 to 10 km: length missed plus extra (length right), %")
        if let tracks { try TrackFiles(directory: tracks).write(sampled) }
        let noises = [0.0, 5, 10, 20]
        print("sampling" + noises.map { pad("\(Int($0)) m", 16) }.joined())
        for sampling in [1.0, 5, 15, 30, 60] {
            var line = pad("\(Int(sampling)) s", 8)
            for noise in noises {
                let figures = RouteAccuracy(
                    sampled.tracks(sampling: sampling, noise: noise), graph: graph,
                    settings: settings)
                line += pad(
                    String(format: "%.2f (%.2f)", figures.error * 100, figures.right * 100), 16)
            }
            print(line)
        }
    }

    private func measureFleet(
        _ graph: RoadGraph, _ parameters: TrafficUpdates.Parameters, _ settings: MatcherSettings
    ) throws {
        var scenario = FleetScenario()
        scenario.vehicles = vehicles
        scenario.duration = seconds
        let started = ContinuousClock.now
        let figures = try FleetAccuracy(
            graph: graph, scenario: scenario, parameters: parameters, settings: settings)
        print(
            String(
                format:
                    "fleet of %d: matched %.2f %%, coverage %.2f %% of %d pairs, speed error %.2f %%",
                vehicles, figures.matchedShare * 100, figures.total.coverage * 100,
                figures.total.pairs, figures.total.speedError * 100))
        print(
            String(
                format: "decided after p50 %.1f s, p90 %.1f s, p99 %.1f s, p99.9 %.1f s",
                figures.wait(0.5),
                figures.wait(0.9), figures.wait(0.99), figures.wait(0.999)))
        print(
            "passages of uncovered pairs: \(figures.losses.counted) counted, \(figures.losses.otherMinute) in another minute, \(figures.losses.partial) found in part, \(figures.losses.missed) missed; took \(started.duration(to: .now))"
        )
        for (roadClass, part) in figures.byClass.sorted(by: { $0.key < $1.key }) {
            print(
                pad("\(roadClass)", 16)
                    + String(
                        format: "%8d pairs  coverage %6.2f %%  speed error %6.2f %%", part.pairs,
                        part.coverage * 100, part.speedError * 100))
        }
    }

    private func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
