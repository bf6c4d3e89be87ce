internal import ArgumentParser
internal import Foundation
internal import Records

/// `millrace lag`: how far behind each partition of a run is.
struct LagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lag",
        abstract: "Print the records that each partition of a pipeline has not accounted for.")

    @Argument(help: "The pipeline's name.")
    var pipeline: String

    @Option(name: .customLong("run"), help: "The run's name; the pipeline's by default.")
    var runName: String?

    @Option(help: "The YAML file of parameters that the run was started with.")
    var config: String?

    func run() throws {
        let plan = try Catalogue.entry(pipeline).plan(
            parameters: try config.map { try ParameterFile.read($0) })
        let report = try LagReport(try ServiceEnvironment.current())
        defer { report.close() }
        var total: Int64 = 0
        let obstacles = try report.obstacles(run: runName ?? pipeline)
        for row in try report.rows(plan: plan, run: runName ?? pipeline) {
            let committed = row.committed.map { "\($0)" } ?? "never"
            print(
                "\(pad(row.stage, 24))\(pad("\(row.partition)", 44))"
                    + "committed \(pad(committed, 12))end \(pad("\(row.end)", 12))lag \(row.lag)")
            for line in LagCommand.reasons(obstacles, row.stage, row.partition) { print(line) }
            total += row.lag
        }
        for line in LagCommand.reasons(obstacles) { print(line) }
        print("\(pad("all", 24))lag \(total)")
    }

    /// Why a partition of a stage is not read, and what is missing of it; without one, what stands in the way of all that a worker has.
    static func reasons(
        _ obstacles: [ObstacleTable.Row], _ stage: String? = nil, _ partition: TopicPartition? = nil
    ) -> [String] {
        obstacles.filter {
            $0.partition == partition && (stage == nil || $0.stage == stage)
        }.map { obstacle in
            let what =
                partition == nil
                ? "\(obstacle.stage), all of one thread"
                : obstacle.isGap ? "  INCOMPLETE" : "  BLOCKED"
            let how = obstacle.isGap ? "read in part" : "not read"
            return "\(what): \(how) since \(obstacle.since) by \(obstacle.worker): "
                + obstacle.message
        }
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count + 1), withPad: " ", startingAt: 0)
    }
}
