internal import Dataflow
internal import Foundation
internal import KafkaClient
internal import PostgresClient
internal import Records
internal import Runtime
internal import State

/// Gives one stage on one thread its clients and its state machine.
struct LaneBuilder {
    let stage: Stage
    let plan: Plan
    let builder: GraphBuilder
    let settings: PipelineRunner.Settings
    let services: ServiceEnvironment
    let store: any CheckpointStore
    let clock: any EventClock
    let thread: Int
    /// How many partitions the stage's inputs have for good; nil: any number.
    let fixedPartitions: Int32?
    let troubles: TroubleLog
    /// What topics refuse, where that is known.
    let limits: [String: TopicLimits]

    /// How long a thread waits for an answer about offsets.
    ///
    /// Shorter than a transaction may last, as the other stages of the thread wait meanwhile; who wasn't
    /// answered asks again.
    static let questionTimeoutMilliseconds = 3_000

    /// Makes the lane, on its thread.
    func make(_ mailbox: Mailbox) throws -> StageLane {
        let reader = stage.isPushed ? nil : try KafkaReader(services.kafka, readerOptions)
        let (writer, authority) = try makeAuthority(reader)
        let worker = StageWorker(
            stage: stage, run: settings.run, options: settings.options,
            seed: UInt64.random(in: .min ... .max), partitions: fixedPartitions,
            makeChain: chainMaker(reader, writer))
        worker.budget = settings.budget
        var lane = LaneServices(
            reader: reader, writer: writer, authority: authority, store: store,
            startsAtEnd: settings.startsAtEnd)
        lane.announcesProgress = stage.authority == .postgres
        lane.reached = CrashSwitch.reached
        lane.trouble = { [place = "\(settings.run)/\(stage.name)", troubles] attempt, error in
            troubles.note(place, attempt, error)
        }
        return StageLane(
            worker: worker, run: settings.run, services: lane, clock: clock,
            answer: { mailbox.answer($0, $1) })
    }

    /// Who writes the stage's topics and who decides its commits: under exactly-once to topics, one and the
    /// same.
    private func makeAuthority(
        _ reader: KafkaReader?
    ) throws -> ((any LogWriter)?, (any CommitAuthority)?) {
        switch stage.authority {
        case .delivery: return (try renewedWriter(), nil)
        case .postgres:
            guard let postgres = services.postgres else {
                throw DataflowError(
                    .invalidConfiguration, domain: .user,
                    "stage \(stage.name) commits to PostgreSQL: set DATABASE_URL")
            }
            let place = "\(settings.run)/\(stage.name)"
            let authority = PostgresCommitAuthority(
                postgres, owner: owner,
                refused: { [troubles] in troubles.note(place, "write rows", $0) },
                deciding: { try CrashSwitch.reached(.deciding) })
            return (nil, authority)
        case .kafka:
            guard let reader else { return (nil, nil) }
            if settings.options.delivery == .exactlyOnce {
                let log = try transactionalLog(reader)
                return (log, log)
            }
            return (try renewedWriter(), LogAuthority(reader))
        }
    }

    private func transactionalLog(_ reader: KafkaReader) throws -> TransactionalLog {
        let slots = try settings.checkpoints.slots(
            services.postgres, owner: owner, run: settings.run, stage: stage.name)
        let options = writerOptions
        return TransactionalLog(
            run: settings.run, stage: stage.name, reader: reader, slots: slots,
            reached: CrashSwitch.reached
        ) { [kafka = services.kafka, bounds = topicBounds] id in
            var options = options
            options.transactionalID = id
            return try KafkaWriter(kafka, options, bounds: bounds)
        }
    }

    private func renewedWriter() throws -> RenewedWriter {
        try RenewedWriter {
            [kafka = services.kafka, options = writerOptions, bounds = topicBounds] in
            try KafkaWriter(kafka, options, bounds: bounds)
        }
    }

    /// What topics take, asked for again when they take less than they did.
    private var topicBounds: TopicBounds {
        TopicBounds(limits.compactMapValues(\.batchBytes)) { [kafka = services.kafka] topics in
            let admin = try KafkaAdmin(
                kafka, timeoutMilliseconds: LaneBuilder.questionTimeoutMilliseconds)
            defer { admin.close() }
            return try admin.limits(of: topics).compactMapValues(\.batchBytes)
        }
    }

    private var writerOptions: KafkaWriterOptions {
        KafkaWriterOptions(
            transactionTimeoutMilliseconds: Int(settings.options.transactionTimeoutMilliseconds))
    }

    /// Whom people find in the tables: the machine, the process, the thread.
    private var owner: String {
        let process = ProcessInfo.processInfo
        return "\(process.hostName)/\(process.processIdentifier)-\(thread)"
    }

    private var readerOptions: KafkaReaderOptions {
        KafkaReaderOptions(
            .group("\(settings.run).\(stage.name)", topics: stage.topics),
            memoryBudget: 16 << 20, expectedPartitions: Int(settings.partitions),
            requestTimeoutMilliseconds: LaneBuilder.questionTimeoutMilliseconds)
    }

    private func chainMaker(
        _ reader: KafkaReader?, _ writer: (any LogWriter)?
    ) -> StageWorker.MakeChain {
        { [stage, plan, builder, limits] partition, incarnation in
            let tasks = try stage.topics.first.map { try reader?.partitionCount(of: $0) ?? 1 } ?? 1
            let context = TaskContext(
                pipeline: plan.graph.pipeline, partition: partition, stageTasks: tasks,
                incarnation: incarnation,
                // Whoever pushes hears that a record is too large.
                recordBound: { stage.isPushed ? .max : writer?.recordBound(of: $0) ?? .max },
                topicLimits: { limits[$0] ?? .none },
                partitionCount: { topic in
                    guard let writer else {
                        throw DataflowError(
                            .invariant, domain: .internal, "this stage writes no topic")
                    }
                    return try writer.partitionCount(of: topic)
                })
            return try builder.makeChain(stage: stage, plan: plan, context: context)
        }
    }
}
