import Dataflow
import EngineWorkload
import Foundation
import KafkaClient
import ObjectStore
import Records
import Runtime
import State
import Synchronization

/// A topic of 64 partitions read, decoded and summed in windows by the whole engine (tasks, commits,
/// checkpoints), beside a loop that only reads.
enum KafkaWindowBenchmark {
    static let records = 8_000_000

    static func run(_ report: inout BenchmarkReport) throws {
        let broker = try KafkaBenchmarks.embeddedBroker()
        defer { broker.stop() }
        let configuration = try KafkaConfiguration(bootstrapServers: broker.bootstrapServers)
        try fill(configuration)
        let memory = try millrace(configuration, MemoryStore()).megabytes
        var floors: [Double] = []
        var values: [Double] = []
        var durable: [Double] = []
        for _ in 0..<benchmarkRepetitions {
            floors.append(
                try KafkaBenchmarks.bareReader(broker.bootstrapServers, records: records))
            values.append(try millrace(configuration, MemoryStore()).nanoseconds)
            let directory = NSTemporaryDirectory() + "millrace-bench-\(UUID().uuidString)"
            defer { try? FileManager.default.removeItem(atPath: directory) }
            durable.append(
                try millrace(configuration, try DirectoryCheckpointStore(directory)).nanoseconds)
        }
        let floor = KafkaBenchmarks.median(floors)
        report.add(
            "kafka.window", KafkaBenchmarks.median(values), unit: "ns cpu/record", floor: floor,
            higherIsBetter: false)
        report.add(
            "kafka.window.durable", KafkaBenchmarks.median(durable), unit: "ns cpu/record",
            floor: floor, higherIsBetter: false)
        report.add("kafka.window.memory", memory, unit: "MB", higherIsBetter: false)
        report.remark(
            "whole-process CPU, librdkafka's threads included; \(records) records of 100 bytes, "
                + "\(TopicWorkload.users) keys, a commit a second; checkpoints are kept in memory, "
                + "durable: 64 files a commit, each synced")
    }

    private static func fill(_ configuration: KafkaConfiguration) throws {
        let writer = try KafkaWriter(configuration)
        defer { writer.close() }
        let step = 50_000
        for start in stride(from: 0, to: records, by: step) {
            try writer.write(
                TopicWorkload.encode(
                    start..<(start + step), topic: KafkaBenchmarks.topic,
                    partitions: UInt64(KafkaBenchmarks.partitions)), token: 1)
            try writer.flush(timeoutMilliseconds: 60_000)
            _ = writer.poll()
        }
    }

    /// CPU time of one pass, in nanoseconds a record, and what it holds at its end.
    private static func millrace(
        _ configuration: KafkaConfiguration, _ store: any CheckpointStore
    ) throws -> (nanoseconds: Double, megabytes: Double) {
        let before = EngineBenchmarks.residentMegabytes()
        let total = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
        total.initialize(to: 0)
        defer { total.deallocate() }
        let builder = GraphBuilder(pipeline: "bench")
        TopicWorkload.define(builder, topic: KafkaBenchmarks.topic, shuffled: false, total: total)
        let plan = try Plan(try builder.graph())
        let stage = plan.stages[0]
        let start = KafkaBenchmarks.processTime()
        let reader = try KafkaReader(
            configuration, KafkaReaderOptions(.byHand(), memoryBudget: 32 << 20))
        defer { reader.close() }
        var options = WorkerOptions()
        options.delivery = .atLeastOnce
        options.isBounded = true
        let worker = StageWorker(stage: stage, run: "bench", options: options, seed: 1) {
            partition, incarnation in
            let context = TaskContext(
                pipeline: "bench", partition: partition, stageTasks: KafkaBenchmarks.partitions,
                incarnation: incarnation, partitionCount: { _ in KafkaBenchmarks.partitions })
            return try builder.makeChain(stage: stage, plan: plan, context: context)
        }
        let lane = StageLane(
            worker: worker, run: "bench",
            services: LaneServices(
                reader: reader, writer: nil, authority: MemoryAuthority(),
                store: store),
            clock: ScaledClock(start: EventTime(milliseconds: 1_700_000_000_000)))
        let inputs = (0..<KafkaBenchmarks.partitions).map {
            TopicPartition(topic: KafkaBenchmarks.topic, partition: $0)
        }
        var ends: [TopicPartition: Offset] = [:]
        for input in inputs { ends[input] = try reader.bounds(of: input).end }
        lane.handle(.assigned(inputs))
        lane.handle(.finish(ends))
        while !lane.isStopped { if !lane.turn() { reader.wait(milliseconds: 5) } }
        if let failure = lane.failure { throw failure }
        guard total.pointee > records * 9 / 10 else {
            throw BenchmarkFailure(description: "\(total.pointee) of \(records) records counted")
        }
        return (
            (KafkaBenchmarks.processTime() - start) / Double(records),
            EngineBenchmarks.residentMegabytes() - before
        )
    }
}

/// Keeps checkpoints in memory.
private final class MemoryStore: CheckpointStore {
    private let blobs = Mutex<[String: [UInt8]]>([:])

    func create(_ name: String, _ bytes: [UInt8]) throws {
        blobs.withLock { $0[name] = bytes }
    }
    func read(_ name: String) throws -> [UInt8]? { blobs.withLock { $0[name] } }
    func list(prefix: String) throws -> [String] {
        blobs.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    }
    func delete(_ name: String) throws { blobs.withLock { $0[name] = nil } }
}

/// Decides everything that it is asked to: the commit's cost is the checkpoint's.
private final class MemoryAuthority: CommitAuthority {
    func claim(_ task: TaskID, inputs: [TopicPartition]) throws -> CommitPosition? { nil }
    func decide(_ decisions: [CommitDecision]) throws {}
}
