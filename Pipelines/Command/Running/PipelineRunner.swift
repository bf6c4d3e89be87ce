internal import Dataflow
internal import Foundation
internal import KafkaClient
internal import PostgresClient
internal import Records
internal import Runtime
internal import State

/// Runs one pipeline in this process: the place where definition, clients and threads are put together.
final class PipelineRunner: Sendable {
    /// What a run is made with.
    struct Settings: Sendable {
        /// The run's name: its groups, checkpoints and rows in `millrace.task_positions` carry it.
        var run: String
        /// Where checkpoints lie.
        var checkpoints: CheckpointPlace
        /// How many threads work; each has its share of every stage.
        var threads = 2
        /// The pipeline's parameters in YAML; nil: the defaults.
        var parameters: String?
        /// How many partitions topics get that are created.
        var partitions: Int32 = 4
        /// How many copies of each partition topics get that are created; nil: as many as the cluster's default.
        var copies: Int32?
        /// Whether topics that are created keep everything: Kafka counts a record's age from the record's own
        /// time, and would delete what was recorded long ago as soon as it is written.
        var keepsTopics = false
        /// Whether inputs that were never read begin at their end.
        var startsAtEnd = false
        /// Intervals and bounds, where neither the definition nor ``policy`` names others.
        var options = WorkerOptions()
        /// What goes before the pipeline's definition.
        var policy = RunPolicy()
        /// What all tasks of the process may keep together; nil: they are bounded one by one alone.
        var budget: StateBudget?
    }

    /// What runs.
    let plan: Plan
    /// The run's name.
    let run: String
    /// The pipeline's parameters in YAML; nil: the defaults.
    let parameters: String?
    private let entry: PipelineEntry
    /// How many partitions each of the plan's topics has: those that were there already keep theirs.
    private let partitions: [String: Int32]
    private let driver: ThreadedDriver
    private let trimmer: ExchangeTrimmer
    private let keeper: TableKeeper?
    private let teller: ObstacleTeller?

    /// Plans the pipeline, creates what is missing of its topics and tables, and starts its threads.
    init(
        _ entry: PipelineEntry, _ settings: Settings, _ services: ServiceEnvironment,
        clock: any EventClock, resources: ResourceCache = ResourceCache()
    ) throws {
        self.entry = entry
        run = settings.run
        parameters = settings.parameters
        let plan = try entry.plan(
            parameters: settings.parameters,
            options: PlanOptions(partitions: settings.partitions))
        self.plan = plan
        var settings = settings
        settings.options.apply(settings.policy.over(plan.graph.policy))
        let (topics, limits) = try TopicMaker.create(
            PipelineRunner.topics(of: plan, keepsAll: settings.keepsTopics),
            copies: settings.copies, services.kafka)
        partitions = topics
        try PipelineRunner.createTables(
            entry, plan, parameters: settings.parameters, services.postgres)
        if let postgres = services.postgres {
            let builder = GraphBuilder(pipeline: entry.name, resources: resources)
            try entry.reference(builder, settings.parameters)?.fill(postgres)
        }
        let store = try settings.checkpoints.open()
        let fixed = try plan.stages.map {
            try StageLayout.verify($0, run: settings.run, store: store) { topics[$0] ?? 0 }
        }
        let upkeep = try entry.upkeep(settings.parameters)
        let troubles = TroubleLog()
        trimmer = ExchangeTrimmer(plan, run: settings.run, services, troubles)
        keeper = services.postgres.flatMap {
            upkeep.isEmpty ? nil : TableKeeper(upkeep, $0, clock: clock, troubles)
        }
        let driver = ThreadedDriver(threads: settings.threads, name: entry.name) {
            [settings] thread, mailbox in
            let builder = GraphBuilder(pipeline: entry.name, resources: resources)
            try entry.define(builder, settings.parameters)
            return try zip(plan.stages, fixed).map { stage, fixed in
                let lane = LaneBuilder(
                    stage: stage, plan: plan, builder: builder, settings: settings,
                    services: services, store: store, clock: clock, thread: thread,
                    fixedPartitions: fixed, troubles: troubles, limits: limits)
                return try lane.make(mailbox)
            }
        }
        self.driver = driver
        teller = services.postgres.map { postgres in
            ObstacleTeller(run: settings.run, postgres, troubles) { driver.status }
        }
    }

    /// Where pushed records enter, one a thread.
    var doors: [Mailbox] { driver.doors }
    /// How every stage stands on every thread.
    var status: [LaneStatus] { driver.status }
    /// The first failure of any stage.
    var failure: DataflowError? { driver.failure }
    /// Whether everything has come to its end.
    var hasStopped: Bool { driver.hasStopped() }

    /// Whether it is coming to an end, because a thread has failed or because it was told to.
    var hasEnded: Bool { failure != nil || hasStopped }

    /// Whether every stage that reads topics has all its partitions and is reading them.
    var isRunning: Bool {
        let status = driver.status
        return plan.stages.filter { !$0.isPushed }.allSatisfy { stage in
            let running = status.filter { $0.stage == stage.name }.flatMap(\.progress)
                .count { $0.isRunning }
            return running >= stage.topics.reduce(0) { $0 + Int(partitions[$1] ?? 1) }
        }
    }

    /// What an operator has counted, on all threads.
    func counted(_ operatorID: String, _ counter: String) -> Int64 {
        driver.status.lazy.flatMap(\.counters)
            .filter { $0.operatorID.rawValue == operatorID && $0.name == counter }
            .reduce(0) { $0 + $1.value }
    }

    /// Commits and stops; the work goes on elsewhere, or later.
    func stop() {
        trimmer.stop()
        keeper?.stop()
        driver.stop()
        driver.join()
        teller?.stop()
    }

    /// Tells every task that the recording which the inputs held has ended: event time passes its newest record by
    /// what is needed to decide on it all, and stands still there.
    ///
    /// - Parameter newest: its newest event time; `.min` where nothing was read.
    func endRecording(at newest: EventTime) { driver.endRecording(at: newest) }

    /// Ends as ``finish(unless:patience:note:)`` does, but for good only what is known of a recording: who goes on
    /// with its topics later starts behind it, not behind the end of time.
    func finishRecording(
        unless interruption: Interruption, note: (StageProgress) -> Void = { _ in }
    ) async throws {
        let newest = driver.status.lazy.flatMap(\.progress).compactMap(\.newestTime).max()
        endRecording(at: newest ?? .min)
        try await finish(unless: interruption, note: note)
    }

    /// Lets the pipeline's inputs end where they end now, stage after stage, until every window is closed
    /// and every row is written.
    ///
    /// However much there is to read, it is read; only a stage that stands still is given up.
    ///
    /// - Parameters:
    ///   - patience: how long a stage may stand still.
    ///   - note: told every few seconds which stage is ending and how far it has come.
    /// - Throws: what a stage failed with, `.limitExceeded` when one stands still, or `CancellationError` when
    ///   it was interrupted.
    func finish(
        unless interruption: Interruption, patience: Duration = .seconds(120),
        note: (StageProgress) -> Void = { _ in }
    ) async throws {
        for stage in plan.stages where !stage.isPushed {
            driver.finish(stage: stage.name)
            var watch = StageProgress(stage: stage.name)
            while !driver.hasStopped(stage: stage.name), driver.failure == nil {
                watch.look(at: driver.status, now: ContinuousClock.now)
                if watch.stoodStill > patience {
                    throw DataflowError(
                        .limitExceeded, domain: .internal,
                        "stage \(stage.name) has stood still for \(patience) on its way to its end: "
                            + watch.description)
                }
                if interruption.isRequested { throw CancellationError() }
                if watch.isToBeNoted() { note(watch) }
                try await Task.sleep(for: .milliseconds(20))
            }
            if let failure = driver.failure { throw failure }
        }
        trimmer.stop()
        keeper?.stop()
        driver.stop()
        driver.join()
        teller?.stop()
    }

    /// The topics of a plan, as they are created; with `keepsAll` none has a retention by age.
    static func topics(of plan: Plan, keepsAll: Bool) -> [TopicSpec] {
        plan.topics.map { spec in
            var spec = spec
            if keepsAll, spec.retention == .clusterDefault { spec.retention = .unlimited }
            return spec
        }
    }

    /// Creates what is missing of a pipeline's tables, and what stands beside them.
    static func createTables(
        _ entry: PipelineEntry, _ plan: Plan, parameters: String?,
        _ postgres: PostgresConfiguration?,
        warn: (String) -> Void = { FileHandle.standardError.write(Data("\($0)\n".utf8)) }
    ) throws {
        let needsDatabase = plan.stages.contains { $0.authority == .postgres }
        guard needsDatabase else { return }
        guard let postgres else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "\(entry.name) keeps tables: set DATABASE_URL")
        }
        let writer = PostgresTableWriter(postgres)
        defer { writer.close() }
        for table in entry.tables { try writer.prepare(table) }
        try writer.prepare(DeadLetterOutlet.table)
        try TableViews(try entry.views(parameters), of: entry.name).create(postgres, warn: warn)
    }
}
