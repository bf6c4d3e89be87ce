internal import ArgumentParser
internal import Foundation
internal import PostgresClient
internal import Records
internal import Runtime

/// `millrace dev demo`: the main job end to end, with a fleet whose truth is known (`make run`).
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Drive a fleet through a city and measure the traffic that comes out.",
        discussion: """
            Starts a broker if KAFKA_BOOTSTRAP_SERVERS names none; DATABASE_URL names the database. \
            First the clock runs fast, then in real time for the latency.
            """)

    @OptionGroup var fleet: FleetOptions

    @Option(help: "Real seconds of the fast part.")
    var duration = 60.0

    @Option(help: "Simulated seconds of the fast part.")
    var simulated = 1_800.0

    @Option(
        help:
            "Seconds of the live part that are measured; the fleet drives on for a minute behind them."
    )
    var live = 120.0

    /// Seconds for which the fleet drives on behind what is measured: what decides on the last passage is sent while
    /// traffic still flows as ever, the last window's rows are due, and of two measured minutes the first is watched
    /// for longer than its last revision may take.
    var runOut: Double { live > 0 ? 60 : 0 }

    @Option(help: "Threads a pipeline.")
    var threads = 2

    @Option(help: "Partitions a topic.")
    var partitions: Int32 = 8

    @Option(help: "The directory of everything that the run leaves.")
    var out = ".millrace"

    @Flag(
        help:
            "Go on with the log, database and store that are there: an interrupted run is continued, a new one begins behind one that ended."
    )
    var keep = false

    @Flag(help: "Report the figures without judging them: for runs that are too short to.")
    var unjudged = false

    func validate() throws {
        let longest = FleetOptions.longest
        // What is no number is in no range.
        guard (0.001...longest).contains(duration), (duration...longest).contains(simulated),
            (0...longest).contains(live), threads > 0, partitions > 0
        else {
            throw ValidationError(
                "durations, threads and partitions are above 0 and a duration at most a year, --simulated is no less than --duration"
            )
        }
    }

    func run() async throws {
        var summary: RunSummary
        do {
            summary = try await Demo(self).run()
        } catch is CancellationError {
            print("stopped          in order; no figures, as the run was interrupted")
            throw ExitCode(130)
        }
        summary.judge(isJudged: !unjudged)
        print("")
        for line in summary.lines { print(line) }
        try summary.write(to: "\(out)/run.json")
        if !summary.faults.isEmpty { throw ExitCode(1) }
    }
}
