internal import ArgumentParser
internal import Dataflow
internal import Foundation
internal import LocationIngest
internal import PostgresClient
internal import Records
internal import Runtime
internal import Serving
internal import TrafficUpdates

/// `millrace run`: one or more pipelines, in this process, until it is told to stop.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run pipelines here; start it on more machines and they share the work.",
        discussion: """
            Kafka and PostgreSQL are those of KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL. Ctrl-C stops in \
            order: sources, drain, checkpoint, offsets, sinks.
            """)

    @Argument(help: "The pipelines' names.")
    var pipelines: [String]

    @Option(
        help:
            "A YAML file of parameters, as NAME=FILE for the pipeline of that name; may be repeated. For a single pipeline FILE is enough."
    )
    var config: [String] = []

    @Option(
        name: [.customLong("store"), .customLong("checkpoints")],
        help:
            "Where checkpoints lie, a directory or s3://bucket/prefix; workers that share the work share it."
    )
    var store = ".millrace/checkpoints"

    @Option(help: "Threads a pipeline.")
    var threads = 2

    @Option(help: "How many partitions topics get that Millrace creates.")
    var partitions: Int32 = 4

    @Option(
        help:
            "How many copies of each partition topics get that Millrace creates; as the cluster's default says."
    )
    var replicationFactor: Int32?

    @Option(
        help:
            "Play recorded locations into location-ingest and stop: batches, one JSON object a line; - is standard input, topic:NAME what a topic holds."
    )
    var from: String?

    @Option(
        help:
            "In which order --from is played: by time, once it was read to its end, or as given, for input without an end.",
        transform: { text in
            guard let order = LocationLines.Order(rawValue: text) else {
                throw ValidationError("--order takes time or given")
            }
            return order
        })
    var order = LocationLines.Order.time

    @Flag(
        help:
            "What the topics hold or get is a recording, whoever plays it: event time follows the records alone and never the clock. Where it has been silent for 30 s it has ended, and all of it is decided. --from by time is one."
    )
    var recorded = false

    @Option(
        help: "What is promised: exactly-once, at-least-once (faster by a little) or at-most-once.",
        transform: { text in
            guard let delivery = Delivery(rawValue: text) else {
                let known = Delivery.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\(text) is no delivery; there are \(known)")
            }
            return delivery
        })
    var delivery = Delivery.exactlyOnce

    @Option(help: "Milliseconds between two commits; as the pipeline says, or 1000.")
    var commitInterval: Int64?

    @Option(
        help:
            "After how many records, of a stage on one thread, a commit begins early; as the pipeline says, or 2000000."
    )
    var commitRecords: Int?

    @Option(
        help:
            "The most bytes of a task's state (300M, 2G): beyond, its partition is read no more until the state has become less; as the pipeline says, or 1G. A task is a stage on one partition."
    )
    var maxStateBytes: ByteSize?

    @Option(
        help: "The most keys of a task's operators; as the pipeline says, or 50000000.")
    var maxStateKeys: Int?

    @Option(
        help:
            "The most bytes of state of all tasks of this process; without it, a quarter of the memory that it may have."
    )
    var maxProcessStateBytes: ByteSize?

    @Option(help: "The address of the HTTP door of location-ingest, host:port.")
    var listen = "127.0.0.1:8080"

    func validate() throws {
        if pipelines.isEmpty { throw ValidationError("name a pipeline") }
        if let twice = pipelines.first(where: { name in pipelines.count { $0 == name } > 1 }) {
            throw ValidationError("\(twice) is named twice")
        }
        _ = try ParameterFiles(config, for: pipelines)
        if from != nil, !pipelines.contains(LocationIngest.name) {
            throw ValidationError("--from is for \(LocationIngest.name)")
        }
        if let replicationFactor, replicationFactor < 1 {
            throw ValidationError("--replication-factor takes at least 1")
        }
        if threads < 1 { throw ValidationError("--threads takes at least 1") }
        if let fault = policy.faults.first { throw ValidationError(fault) }
    }

    /// Whether what was recorded is played, here or by somebody else: it comes in its own order, and nobody who
    /// drives in it later is late because the clock on the wall went on.
    var playsRecording: Bool { recorded || (from != nil && order == .time) }

    /// What goes before the pipelines' definitions.
    var policy: RunPolicy {
        RunPolicy(
            commitMilliseconds: commitInterval, commitRecords: commitRecords,
            maximumStateBytes: maxStateBytes?.bytes, maximumStateKeys: maxStateKeys)
    }

    func run() async throws {
        let services = try ServiceEnvironment.current()
        let clock = ScaledClock.wall()
        let signals = StopSignals()
        let files = try ParameterFiles(config, for: pipelines)
        let budget = StateBudget(
            maximumBytes: maxProcessStateBytes?.bytes ?? MemoryLimit.bytes / MemoryLimit.stateShare)
        var runners: [PipelineRunner] = []
        // Whatever ends the run, each pipeline that was started commits and stops.
        defer { for runner in runners { runner.stop() } }
        for name in pipelines {
            var settings = PipelineRunner.Settings(
                run: name, checkpoints: CheckpointPlace(text: store))
            settings.threads = threads
            settings.partitions = partitions
            settings.copies = replicationFactor
            settings.parameters = try files.parameters(of: name)
            settings.options.delivery = delivery
            settings.policy = policy
            settings.budget = budget
            settings.options.isBounded = playsRecording
            settings.keepsTopics = playsRecording
            let runner = try PipelineRunner(
                try Catalogue.entry(name), settings, services, clock: clock)
            runners.append(runner)
            for notice in runner.plan.graph.notices {
                FileHandle.standardError.write(Data("warning: \(name): \(notice)\n".utf8))
            }
            FileHandle.standardError.write(Data("running \(name)\n".utf8))
        }
        if let from, let ingest = runners.first(where: RunCommand.isIngest) {
            try await play(from, ingest, runners, services, clock, signals)
        } else {
            let watching =
                recorded ? Task { [runners] in await RunCommand.endRecordings(of: runners) } : nil
            defer { watching?.cancel() }
            try await serve(runners, services, clock, until: signals)
        }
        for runner in runners { runner.stop() }
        if let failure = runners.lazy.compactMap(\.failure).first { throw failure }
    }

    private static func isIngest(_ runner: PipelineRunner) -> Bool {
        runner.plan.graph.pipeline == LocationIngest.name
    }

    /// Writes recorded locations, then waits until every stage has read all there is and a recording is decided.
    private func play(
        _ path: String, _ ingest: PipelineRunner, _ runners: [PipelineRunner],
        _ services: ServiceEnvironment, _ clock: any EventClock, _ signals: StopSignals
    ) async throws {
        let interruption = Interruption()
        let following = interruption.follow(signals)
        let watching = Task {
            await RunCommand.untilOneEnds(runners)
            if !Task.isCancelled { interruption.request() }
        }
        defer {
            following.cancel()
            watching.cancel()
        }
        let lines = try LocationLines(
            ingest, kafka: services.kafka, clock: clock, order: order, interruption: interruption)
        let totals = try await lines.play(path)
        print(
            "lines \(totals.lines), of them refused \(totals.refused); locations accepted \(totals.accepted), rejected \(totals.rejected)"
        )
        let report = try LagReport(services)
        defer { report.close() }
        var hasSettled = false
        while !interruption.isRequested {
            let rows = try runners.flatMap { try report.rows(plan: $0.plan, run: $0.run) }
            if rows.allSatisfy({ $0.lag == 0 }) {
                if hasSettled { break }
                // Not a silence of that length: markers of event time come all the while.
                hasSettled = true
                if !playsRecording { try await Task.sleep(for: try RunCommand.settling(runners)) }
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        // From here on pipelines end because they are to.
        watching.cancel()
        if playsRecording { try await RunCommand.finish(runners, interruption) }
    }

    /// Decides on all of a recording that was read to its end: tracks end, windows close.
    private static func finish(
        _ runners: [PipelineRunner], _ interruption: Interruption
    ) async throws {
        do {
            for runner in runners {
                try await runner.finishRecording(unless: interruption) {
                    FileHandle.standardError.write(Data("ending \($0.stage): \($0)\n".utf8))
                }
            }
        } catch is CancellationError {
            // The run stops in order where it is, and the next one goes on.
        }
    }

    /// Tells pipelines when the recording has ended that somebody plays into their topics, as long as it runs.
    private static func endRecordings(of runners: [PipelineRunner]) async {
        var watches = runners.map { (runner: $0, watch: RecordingWatch()) }
        while !Task.isCancelled {
            for index in watches.indices {
                let runner = watches[index].runner
                guard let newest = watches[index].watch.look(at: runner.status, now: .now)
                else { continue }
                runner.endRecording(at: newest)
                FileHandle.standardError.write(
                    Data(
                        "\(runner.plan.graph.pipeline): the recording has ended at \(newest)\n".utf8
                    ))
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    /// How long the last early results of windows that stay open come behind their last location, and a commit or
    /// two later.
    private static func settling(_ runners: [PipelineRunner]) throws -> Duration {
        let early = try runners.filter { $0.plan.graph.pipeline == TrafficUpdates.name }.map {
            try ParameterFile.overlay($0.parameters, on: TrafficUpdates.defaults).early + 2
        }.max()
        return .seconds(early ?? 0)
    }

    /// Waits for the signal to stop, or for a failure, with the HTTP door open if there is one.
    private func serve(
        _ runners: [PipelineRunner], _ services: ServiceEnvironment, _ clock: any EventClock,
        until signals: StopSignals
    ) async throws {
        let ingest = runners.first(where: RunCommand.isIngest)
        let door = try ingest.map { try IngestDoor($0, services, clock: clock, listen: listen) }
        var run: (@Sendable () async throws -> Void)?
        if let door { run = { try await door.run() } }
        let signal: @Sendable () async -> Void = { await signals.wait() }
        let end: @Sendable () async -> Void = { await RunCommand.untilOneEnds(runners) }
        try await serveDoor(run: run, stop: { await door?.stop() }, until: [signal, end])
    }

    /// Returns when a pipeline has come to its end, or a single thread of one.
    ///
    /// The rest is not left to run on with a part of the work undone. What failed is said at once, as an orderly
    /// stop takes its time.
    private static func untilOneEnds(_ runners: [PipelineRunner]) async {
        while !Task.isCancelled, !runners.contains(where: \.hasEnded) {
            try? await Task.sleep(for: .milliseconds(200))
        }
        for runner in runners {
            guard let failure = runner.failure else { continue }
            FileHandle.standardError.write(
                Data("\(runner.plan.graph.pipeline) failed and stops: \(failure)\n".utf8))
        }
    }
}

extension ScaledClock {
    /// The clock on the wall.
    static func wall() -> ScaledClock {
        ScaledClock(
            start: EventTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)))
    }
}
