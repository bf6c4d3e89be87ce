import ArgumentParser
import Fleet
import Foundation
import Geo
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

    @Option(
        help: "What the fleet does, may be repeated: \(Accuracy.scenarios).",
        transform: { text in
            guard let name = FleetScenario.Name(rawValue: text) else {
                throw ValidationError("there is no scenario \(text)")
            }
            return name
        })
    var scenario: [FleetScenario.Name] = [.everyday]
    private static let scenarios = FleetScenario.Name.allCases.map(\.rawValue)
        .joined(separator: ", ")

    @Option(help: "What is measured: routes, fleet or both.")
    var only: String?

    @Option(
        name: .customLong("set"),
        help: "A setting of the matcher instead of the pipeline's, as sigma=6; may be repeated.")
    var changes: [String] = []

    @Option(
        help:
            "Seconds by which observations may be overtaken, instead of the pipeline's: on routes they are held back for as long, in the fleet what they change is corrected."
    )
    var reorder: Double?

    @Option(
        help: "A directory for the last map's routes, so that another matcher can be given them.")
    var tracks: String?

    @Option(help: "The seed of the noise, and of how routes are driven.")
    var seed: UInt64 = 7

    @Option(help: "Sampling in seconds and noise in metres of the one cell to measure, as 5-5.")
    var cell: String?

    @Option(help: "How routes are driven: steady, varied or, by default, both.")
    var driving: String?

    @Flag(
        name: .customLong("cut"),
        help: "Begin and end the routes between crossings; no bound is judged then.")
    var isCut = false

    @Option(help: "Of how many routes to say where they go wrong, the worst of each cell.")
    var worst = 0

    @Flag(help: "Leave the synthetic city out.")
    var noCity = false

    /// The most that may be missed plus extra on a map, in percent of the true length, by sampling in seconds and
    /// noise in metres: what Valhalla 3.9 reaches on such routes at its best.
    private static let bounds: [(sampling: Double, noise: Double, percent: Double)] = [
        (1, 5, 0.97), (1, 10, 7.7), (5, 5, 0.19), (5, 10, 0.86),
    ]

    func run() throws {
        var isWithin = true
        if !noCity {
            isWithin = try measure("the synthetic city", try SyntheticCity.make(seed: 1)).isEmpty
        }
        for map in maps {
            let faults = try measure(map, try RoadGraph(contentsOfOSMFile: map), isMap: true)
            isWithin = isWithin && faults.isEmpty
        }
        if !isWithin { throw ExitCode.failure }
    }

    /// Measures what was asked for.
    ///
    /// - Parameter isMap: whether the bounds of routes hold, which are those of a real map.
    /// - Returns: what is not as it should be.
    private func measure(
        _ name: String, _ graph: RoadGraph, isMap: Bool = false
    ) throws -> [String] {
        var parameters = TrafficUpdates.Parameters()
        var settings = parameters.matcher
        for change in changes { try Accuracy.change(&settings, change) }
        print("\n\(name): \(graph.segmentCount) directed segments")
        var faults: [String] = []
        if only != "fleet" {
            var settings = settings
            if let reorder { settings.reorderBound = Int64(reorder * 1_000) }
            let exceeded = try measureRoutes(graph, settings)
            if isMap { faults = exceeded.map { "above the bound: \($0)" } }
        }
        if only != "routes" {
            if let reorder { parameters.reorder = reorder }
            for name in scenario {
                faults += try measureFleet(name, graph, parameters, settings)
            }
        }
        for fault in faults { print("FAULT \(fault)") }
        return faults
    }

    private static var numbers: [String: WritableKeyPath<MatcherSettings, Double>] {
        [
            "sigma": \.sigma, "sigmaWeight": \.sigmaWeight, "mostSigma": \.mostSigma,
            "radius": \.radius, "beta": \.beta,
            "betaPerMeter": \.betaPerMeter,
            "uTurnCost": \.uTurnCost, "choiceCost": \.choiceCost, "secondCost": \.secondCost,
            "hasteRatio": \.hasteRatio, "hasteCost": \.hasteCost, "hasteLimit": \.hasteLimit,
            "beam": \.beam, "margin": \.margin, "marginDecay": \.marginDecay,
            "leastMargin": \.leastMargin, "stepDistance": \.stepDistance,
            "endDeviations": \.endDeviations,
        ]
    }

    private static var milliseconds: [String: WritableKeyPath<MatcherSettings, Int64>] {
        [
            "stepInterval": \.stepInterval, "longestStepInterval": \.longestStepInterval,
            "standingAfter": \.standingAfter, "standingStep": \.standingStep,
            "standingStepInterval": \.standingStepInterval,
        ]
    }

    private static func change(_ settings: inout MatcherSettings, _ text: String) throws {
        let parts = text.split(separator: "=")
        if parts.count == 2, let number = Int64(parts[1]), let path = milliseconds[String(parts[0])]
        {
            settings[keyPath: path] = number
            return
        }
        guard parts.count == 2, let number = Double(parts[1]), let path = numbers[String(parts[0])]
        else {
            let known = (Array(numbers.keys) + Array(milliseconds.keys)).sorted().joined(
                separator: ", ")
            throw ValidationError("\(text) sets nothing; there are \(known)")
        }
        settings[keyPath: path] = number
    }

    /// The error of one way of driving, sampling in seconds and noise in metres.
    struct Cell {
        var driving: SampledRoutes.Driving
        var sampling: Double
        var noise: Double
        var percent: Double

        var name: String { "\(driving.rawValue)-\(Int(sampling))-\(Int(noise))" }
    }

    private func measureRoutes(
        _ graph: RoadGraph, _ settings: MatcherSettings
    ) throws -> [String] {
        let sampled = SampledRoutes(graph: graph, count: routes)
        print(
            "\(sampled.count) routes of 2 to 10 km: length missed plus extra (\(isCut ? "of it at the ends" : "length right")), %"
        )
        var cells: [Cell] = []
        for driving in SampledRoutes.Driving.allCases
        where self.driving == nil || self.driving == driving.rawValue {
            print("driven \(driving.rawValue)")
            cells += measure(sampled, driving, settings)
        }
        if let tracks {
            let files = TrackFiles(directory: tracks)
            try files.write(sampled, isCut: isCut, seed: seed)
            try files.write(cells)
        }
        // Where a drive begins and ends between crossings, no position tells it better than to its noise.
        if isCut { return [] }
        return cells.flatMap { cell in
            Accuracy.bounds.filter { bound in
                (bound.sampling, bound.noise) == (cell.sampling, cell.noise)
                    && !(cell.percent <= bound.percent)
            }.map { "\(cell.name): \(cell.percent) > \($0.percent) %" }
        }
    }

    private func measure(
        _ sampled: SampledRoutes, _ driving: SampledRoutes.Driving, _ settings: MatcherSettings
    ) -> [Cell] {
        let noises = [0.0, 5, 10, 20]
        var cells: [Cell] = []
        print("sampling" + noises.map { pad("\(Int($0)) m", 16) }.joined())
        for sampling in [1.0, 5, 15, 30, 60] {
            var line = pad("\(Int(sampling)) s", 8)
            for noise in noises {
                if let cell, cell != "\(Int(sampling))-\(Int(noise))" {
                    line += pad("-", 16)
                    continue
                }
                let tracks = sampled.tracks(
                    sampling: sampling, noise: noise, driving: driving, isCut: isCut,
                    seed: seed)
                let figures = RouteAccuracy(
                    tracks, graph: sampled.graph, settings: settings, keeping: worst)
                let percent = figures.error * 100
                line += pad(
                    isCut
                        ? String(format: "%.3f (%.3f)", percent, figures.ends * 100)
                        : String(format: "%.3f (%.2f)", percent, figures.right * 100), 16)
                cells.append(
                    Cell(driving: driving, sampling: sampling, noise: noise, percent: percent))
                for mistake in figures.worst { tell(mistake, tracks[mistake.route], sampled.graph) }
            }
            print(line)
        }
        return cells
    }

    /// Says where a route went wrong.
    private func tell(
        _ mistake: RouteAccuracy.Mistake, _ track: SampledRoutes.Track, _ graph: RoadGraph
    ) {
        func words(_ parts: [(segment: Int, metres: Double)]) -> String {
            parts.map { part in
                let place = track.segments.firstIndex(of: part.segment).map { "#\($0)" } ?? ""
                let middle = graph.coordinate(
                    on: part.segment, offset: graph.length(part.segment) / 2)
                return String(
                    format: "%@ way %lld %@ %.0f of %.0f m at %.5f,%.5f", place,
                    graph.segment(part.segment).way, "\(graph.roadClass(part.segment))",
                    part.metres, graph.length(part.segment), middle.latitude, middle.longitude)
            }.joined(separator: "; ")
        }
        print(
            "route \(mistake.route) of \(track.segments.count) segments: \(Int(mistake.metres)) m wrong"
        )
        print("  missed \(words(mistake.missed))")
        print("  extra  \(words(mistake.extra))")
    }

    /// - Returns: what is not as it should be.
    private func measureFleet(
        _ name: FleetScenario.Name, _ graph: RoadGraph, _ parameters: TrafficUpdates.Parameters,
        _ settings: MatcherSettings
    ) throws -> [String] {
        var scenario = FleetScenario(named: name)
        scenario.vehicles = vehicles
        scenario.duration = seconds
        let started = ContinuousClock.now
        let figures = try FleetAccuracy(
            graph: graph, scenario: scenario, parameters: parameters, settings: settings)
        print(
            String(
                format:
                    "fleet of %d, \(name.rawValue): matched %.2f %%, coverage %.2f %% of %d pairs, speed error %.2f %%",
                vehicles, figures.matchedShare * 100, figures.total.coverage * 100,
                figures.total.pairs, figures.total.speedError * 100))
        print(
            String(
                format: "decided after p50 %.1f s, p90 %.1f s, p99 %.1f s, p99.9 %.1f s",
                figures.wait(0.5),
                figures.wait(0.9), figures.wait(0.99), figures.wait(0.999)))
        print(
            "\(figures.told) passages told, \(figures.takenBack) of them taken back; of uncovered pairs: \(figures.losses.counted) counted, \(figures.losses.otherMinute) in another minute, \(figures.losses.missed) missed or left out; took \(started.duration(to: .now))"
        )
        for (roadClass, part) in figures.byClass.sorted(by: { $0.key < $1.key }) {
            print(
                pad("\(roadClass)", 16)
                    + String(
                        format: "%8d pairs  coverage %6.2f %%  speed error %6.2f %%", part.pairs,
                        part.coverage * 100, part.speedError * 100))
        }
        return figures.faults.map { "\(name.rawValue): \($0)" }
    }

    private func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
