import Dataflow
import Foundation
import KafkaClient
import ObjectStore
import Records
import Runtime
import State

/// The pipeline ``Rekeyed`` in a process of its own, from the first record to lag 0.
enum RekeyedRun {
    /// The argument that makes this program the pipeline; servers, the input, a directory, the pipeline's name,
    /// the milliseconds between commits and the delivery follow, and `forever` for one that doesn't end.
    static let argument = "--rekeyed"

    /// What the process says of itself at its end.
    struct Report: Codable {
        var seconds: Double
        var cpuSeconds: Double
        var peakMegabytes: Double
        /// The 99th percentile of the time from a commit's first step to its decision.
        var commitMilliseconds: Double
    }

    private static let run = "bench"
    private static let threads = 2
    private static let partitions: Int32 = 4
    private static let timeout: Duration = .seconds(600)

    /// Runs the pipeline until every input has been read to its end and every window is published.
    static func main(_ arguments: [String]) throws {
        guard arguments.count >= 6, let interval = Int64(arguments[4]),
            let delivery = Delivery(rawValue: arguments[5])
        else {
            throw BenchmarkFailure(
                description:
                    "\(argument) SERVERS INPUT DIRECTORY NAME MILLISECONDS DELIVERY [forever]")
        }
        ClientMemory.giveBackBatches()
        let (input, pipeline) = (arguments[1], arguments[3])
        var options = WorkerOptions()
        options.deliver(delivery, every: interval)
        let kafka = try KafkaConfiguration(
            bootstrapServers: arguments[0],
            properties: ["session.timeout.ms": "6000", "heartbeat.interval.ms": "500"])
        let plan = try plan(pipeline, input: input)
        let admin = try KafkaAdmin(kafka)
        let present = try admin.topics()
        let missing = plan.topics.filter { present[$0.name] == nil }
        if !missing.isEmpty { try admin.createTopics(missing) }
        admin.close()
        let directory = arguments[2]
        let start = ContinuousClock.now
        let driver = ThreadedDriver(threads: threads, name: pipeline) { [options] _, mailbox in
            let store = try DirectoryCheckpointStore(directory)
            let builder = GraphBuilder(pipeline: pipeline)
            Rekeyed.define(builder, input: input, output: "\(pipeline).minutes")
            let clock = ScaledClock(
                start: EventTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)))
            return try plan.stages.map { stage in
                try lane(
                    stage, plan, builder, options, kafka, store, directory, clock, mailbox)
            }
        }
        if arguments.last == "forever" { return driver.join() }
        for stage in plan.stages {
            while !isSharedOut(driver, stage.name), driver.failure == nil {
                try check(start)
                Thread.sleep(forTimeInterval: 0.02)
            }
            driver.finish(stage: stage.name)
            while !driver.hasStopped(stage: stage.name), driver.failure == nil {
                try check(start)
                Thread.sleep(forTimeInterval: 0.02)
            }
        }
        // Everything is published and committed; what follows is a farewell to the groups.
        let seconds = (ContinuousClock.now - start).inSeconds
        let commits = driver.status.flatMap(\.commits.latest).sorted()
        driver.stop()
        driver.join()
        if let failure = driver.failure { throw failure }
        let report = Report(
            seconds: seconds,
            cpuSeconds: KafkaBenchmarks.processTime() / 1e9,
            peakMegabytes: BrokerProcess.peakMegabytes(of: "self"),
            commitMilliseconds: commits.isEmpty ? 0 : Double(commits[commits.count * 99 / 100]))
        print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
    }

    private static func plan(_ pipeline: String, input: String) throws -> Plan {
        let builder = GraphBuilder(pipeline: pipeline)
        Rekeyed.define(builder, input: input, output: "\(pipeline).minutes")
        return try Plan(try builder.graph(), options: PlanOptions(partitions: partitions))
    }

    private static func check(_ start: ContinuousClock.Instant) throws {
        guard ContinuousClock.now - start < timeout else {
            throw BenchmarkFailure(description: "the pipeline did not come to its end")
        }
    }

    /// Whether the threads read all partitions of a stage, each its share.
    private static func isSharedOut(_ driver: ThreadedDriver, _ stage: String) -> Bool {
        let shares = driver.status.filter { $0.stage == stage }
            .map { $0.progress.count { $0.isRunning } }
        return shares.count { $0 > 0 } == threads && shares.reduce(0, +) >= Int(partitions)
    }

    private static func lane(
        _ stage: Stage, _ plan: Plan, _ builder: GraphBuilder, _ options: WorkerOptions,
        _ kafka: KafkaConfiguration, _ store: any CheckpointStore, _ directory: String,
        _ clock: any EventClock, _ mailbox: Mailbox
    ) throws -> StageLane {
        let reader = try KafkaReader(
            kafka,
            KafkaReaderOptions(
                .group("\(plan.graph.pipeline).\(stage.name)", topics: stage.topics),
                memoryBudget: 16 << 20,
                expectedPartitions: Int(partitions)))
        let (writer, authority) = try authority(
            stage, plan, options, kafka, directory, reader)
        let worker = StageWorker(
            stage: stage, run: run, options: options, seed: UInt64.random(in: .min ... .max)
        ) { partition, incarnation in
            let context = TaskContext(
                pipeline: plan.graph.pipeline, partition: partition, stageTasks: partitions,
                incarnation: incarnation, partitionCount: { try writer.partitionCount(of: $0) })
            return try builder.makeChain(stage: stage, plan: plan, context: context)
        }
        return StageLane(
            worker: worker, run: run,
            services: LaneServices(
                reader: reader, writer: writer, authority: authority, store: store),
            clock: clock, answer: { mailbox.answer($0, $1) })
    }

    /// Who writes and who decides, as the command puts them together.
    private static func authority(
        _ stage: Stage, _ plan: Plan, _ options: WorkerOptions, _ kafka: KafkaConfiguration,
        _ directory: String, _ reader: KafkaReader
    ) throws -> (any LogWriter, any CommitAuthority) {
        guard options.delivery == .exactlyOnce else {
            return (try KafkaWriter(kafka, KafkaWriterOptions()), LogAuthority(reader))
        }
        let log = TransactionalLog(
            run: plan.graph.pipeline, stage: stage.name, reader: reader,
            slots: try FileSlotHolder(
                root: directory, run: plan.graph.pipeline, stage: stage.name)
        ) { id in
            try KafkaWriter(
                kafka,
                KafkaWriterOptions(
                    transactionalID: id,
                    transactionTimeoutMilliseconds: Int(options.transactionTimeoutMilliseconds)))
        }
        return (log, log)
    }
}
