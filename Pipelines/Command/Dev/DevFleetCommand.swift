internal import ArgumentParser
internal import Fleet
internal import Foundation
internal import Records
internal import Runtime
internal import Serving

/// `millrace dev fleet`: seeded vehicles that send their locations to a door that is open already.
struct DevFleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Drive a seeded fleet and post its locations to a running ingest.",
        discussion: """
            In real time by default; with --rate above 1 the drive lies in the past and is sent faster than \
            it was driven: a traffic-updates that reads it is to run with --recorded, or all of it is late. Exits with 1 when a request was refused or given up.
            """)

    @Option(help: "Where locations are posted to.")
    var url = "http://127.0.0.1:8080/v1/locations"

    @OptionGroup var fleet: FleetOptions

    @Option(help: "Seconds that they drive.")
    var seconds = 1_800.0

    @Option(help: "Seconds of driving in a real second.")
    var rate = 1.0

    @Option(help: "Requests that are under way at a time.")
    var concurrency = 32

    func validate() throws {
        // What is no number is in no range.
        guard (0.001...FleetOptions.longest).contains(seconds),
            (1...FleetOptions.fastest).contains(rate), concurrency > 0
        else {
            throw ValidationError(
                "--seconds is above 0 and at most a year, --rate is 1 to \(Int(FleetOptions.fastest)), --concurrency is above 0"
            )
        }
    }

    func run() async throws {
        let interruption = Interruption()
        let following = interruption.follow(StopSignals())
        defer { following.cancel() }
        var scenario = fleet.scenario(seconds: seconds)
        let now = EventTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        scenario.start = rate > 1 ? now.advanced(byMilliseconds: -Int64(seconds * 1_000)) : now
        let feed = FleetFeed(
            try FleetSimulator(graph: try Catalogue.map(at: fleet.map), scenario: scenario),
            lanes: concurrency, clock: ScaledClock(start: scenario.start, rate: rate),
            liveFrom: rate > 1 ? .max : scenario.start, keepsSendTimes: false,
            interruption: interruption)
        var configuration = IngestClientConfiguration()
        configuration.url = url
        configuration.concurrency = concurrency
        let client = try IngestClient(configuration)
        let progress = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(5))
                if !Task.isCancelled { DevFleetCommand.say(await feed.sent, client.totals) }
            }
        }
        await feed.send(with: client)
        progress.cancel()
        let totals = client.totals
        try await client.shutdown()
        DevFleetCommand.say(await feed.sent, totals)
        if totals.refused + totals.failed > 0 { throw ExitCode(1) }
    }

    private static func say(_ sent: Int, _ totals: IngestClientTotals) {
        print(
            "sent \(sent)  accepted \(totals.accepted)  rejected \(totals.rejected)  requests \(totals.bodies), of them refused \(totals.refused) and given up \(totals.failed)"
        )
    }
}
