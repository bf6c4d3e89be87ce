internal import ArgumentParser
internal import Fleet

/// Which fleet drives where: the options that every command with a fleet takes.
struct FleetOptions: ParsableArguments {
    @Option(help: "An OSM PBF file; the synthetic city by default.")
    var map = ""

    @Option(
        help: "What the fleet does: \(FleetOptions.scenarios).",
        transform: { text in
            guard let name = FleetScenario.Name(rawValue: text) else {
                throw ValidationError("there is no scenario \(text)")
            }
            return name
        })
    var scenario = FleetScenario.Name.everyday
    private static let scenarios = FleetScenario.Name.allCases.map(\.rawValue)
        .joined(separator: ", ")

    @Option(help: "Vehicles.")
    var vehicles = 2_000

    @Option(help: "The seed of the fleet.")
    var seed: UInt64 = 1

    /// The longest drive, in seconds: a year.
    static let longest = 31_622_400.0
    /// The most seconds of driving in a real second: a day.
    static let fastest = 86_400.0

    func validate() throws {
        guard vehicles > 0 else { throw ValidationError("--vehicles is above 0") }
    }

    /// The scenario that the options describe, for so many seconds.
    func scenario(seconds: Double) -> FleetScenario {
        var scenario = FleetScenario(named: scenario)
        scenario.seed = seed
        scenario.vehicles = vehicles
        scenario.duration = seconds
        return scenario
    }
}
