internal import Dataflow
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

    /// Makes the lane, on its thread.
    func make(_ mailbox: Mailbox) throws -> StageLane {
        let reader = stage.isPushed ? nil : try KafkaReader(services.kafka, readerOptions)
        let writer =
            stage.authority == .postgres
            ? nil : try KafkaWriter(services.kafka, KafkaWriterOptions())
        let authority: (any CommitAuthority)?
        switch stage.authority {
        case .delivery: authority = nil
        case .kafka: authority = reader.map { LogAuthority($0) }
        case .postgres:
            guard let postgres = services.postgres else {
                throw DataflowError(
                    .invalidConfiguration, domain: .user,
                    "stage \(stage.name) commits to PostgreSQL: set DATABASE_URL")
            }
            authority = PostgresCommitAuthority(postgres, owner: "\(settings.run)-\(thread)")
        }
        let worker = StageWorker(
            stage: stage, run: settings.run, options: settings.options,
            seed: UInt64.random(in: .min ... .max), makeChain: chainMaker(reader, writer))
        return StageLane(
            worker: worker, run: settings.run,
            services: LaneServices(
                reader: reader, writer: writer, authority: authority, store: store,
                startsAtEnd: settings.startsAtEnd),
            clock: clock, answer: { mailbox.answer($0, $1) })
    }

    private var readerOptions: KafkaReaderOptions {
        KafkaReaderOptions(
            .group("\(settings.run).\(stage.name)", topics: stage.topics),
            memoryBudget: 16 << 20, expectedPartitions: Int(settings.partitions))
    }

    private func chainMaker(
        _ reader: KafkaReader?, _ writer: KafkaWriter?
    ) -> StageWorker.MakeChain {
        { [stage, plan, builder] partition, incarnation in
            let tasks = try stage.topics.first.map { try reader?.partitionCount(of: $0) ?? 1 } ?? 1
            let context = TaskContext(
                pipeline: plan.graph.pipeline, partition: partition, stageTasks: tasks,
                incarnation: incarnation,
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
