import Dataflow
import Foundation
import KafkaClient
import LogContract
import OperatorTesting
import Records
import Sinks
import Sources
import Testing

@testable import Command
@testable import Runtime

/// What the pipelines of a ``LaneFixture`` carry.
struct Note: KeyedTopicRecord {
    var id: UInt64

    static var topicKey: PartialKeyPath<Note> { \.id }

    init(id: UInt64) { self.id = id }

    init(record: RecordView) throws(CodecError) {
        guard let value = record.value else { throw .malformed("a note without a value") }
        var reader = ByteReader(value)
        id = try reader.integer()
    }

    func encodeKey(into writer: inout ByteWriter) -> Bool {
        writer.integer(id)
        return true
    }

    func encodeValue(into writer: inout ByteWriter) -> Bool {
        writer.integer(id)
        return true
    }

    /// Notes as they lie in a topic, each with its time.
    static func batch(_ topic: String, _ notes: [(id: UInt64, at: EventTime)]) -> OutputBatch {
        var batch = OutputBatch(topics: [topic])
        for note in notes {
            var writer = ByteWriter()
            writer.integer(note.id)
            let start = batch.bytes.count
            batch.bytes += writer.bytes
            let range = start..<batch.bytes.count
            batch.entries.append(
                OutputBatch.Entry(
                    topic: 0, partition: 0, timestamp: note.at, key: range, value: range))
        }
        return batch
    }

    /// The numbers of notes that were read.
    static func ids(_ records: [SeenRecord]) -> [UInt64] {
        records.compactMap { record in
            record.value.flatMap { bytes in
                bytes.withUnsafeBytes { $0.count == 8 ? $0.loadUnaligned(as: UInt64.self) : nil }
            }.map { UInt64(littleEndian: $0) }
        }
    }
}

/// One lane of production over a cluster of a test's own, turned by the test.
struct LaneFixture {
    let lane: StageLane
    let mailbox = Mailbox()
    private let kafka: KafkaConfiguration
    private let name: String

    /// Copies the topic `in` to `out`.
    static func copies(_ graph: GraphBuilder) {
        let notes = graph.source("in", from: KafkaSource<Note>("in"))
        notes.rejected.sink("rejects", to: DeadLetters())
        notes.accepted.sink("out", to: KafkaSink("out"))
    }

    /// Writes what is pushed to `out`.
    static func door(_ graph: GraphBuilder) {
        let notes = graph.source("in", from: PushSource<Note>())
        notes.rejected.sink("rejects", to: DeadLetters())
        notes.accepted.sink("out", to: KafkaSink("out"))
    }

    /// Makes the lane of a pipeline's first stage.
    ///
    /// - Parameter directory: where slots lie, for exactly-once.
    init(
        _ name: String, _ kafka: KafkaConfiguration, _ delivery: Delivery = .exactlyOnce,
        directory: String = "", limits: [String: TopicLimits] = [:],
        define: (GraphBuilder) -> Void
    ) throws {
        let builder = GraphBuilder(pipeline: name)
        define(builder)
        let plan = try Plan(try builder.graph())
        var settings = PipelineRunner.Settings(
            run: name, checkpoints: CheckpointPlace(text: directory))
        settings.options.deliver(delivery, every: 50)
        lane = try LaneBuilder(
            stage: plan.stages[0], plan: plan, builder: builder, settings: settings,
            services: ServiceEnvironment(kafka: kafka, postgres: nil), store: SimulatedStore(),
            clock: ScaledClock.wall(), thread: 0, fixedPartitions: nil,
            troubles: TroubleLog(write: { _ in }),
            limits: limits
        ).make(mailbox)
        self.kafka = kafka
        self.name = name
    }

    func close() {
        lane.services.reader?.close()
        lane.services.writer?.close()
    }

    /// One turn, and a little rest when there was nothing to do.
    func turn() {
        if lane.turn() { return }
        if let reader = lane.services.reader {
            reader.wait(milliseconds: 10)
        } else {
            mailbox.wait(milliseconds: 10)
        }
    }

    /// Writes notes to a topic.
    func write(_ topic: String, _ notes: [(id: UInt64, at: EventTime)]) throws {
        let writer = try KafkaWriter(kafka)
        defer { writer.close() }
        try writer.write(Note.batch(topic, notes), token: 1)
        try writer.flush(timeoutMilliseconds: 60_000)
    }

    /// Turns the lane until a topic's first partition holds what is asked for.
    func reach(
        _ topic: String, _ isThere: ([SeenRecord]) -> Bool
    ) throws -> [SeenRecord] {
        let partition = TopicPartition(topic: topic, partition: 0)
        let reader = try KafkaReader(kafka, KafkaReaderOptions(.byHand(group: nil)))
        defer { reader.close() }
        try reader.assign([partition: Offset(0)])
        var seen: [SeenRecord] = []
        return try eventually("\(topic) holds what it is to hold", idle: turn) {
            if let failure = lane.failure { throw failure }
            _ = try reader.readOnce(partition, into: &seen)
            return isThere(seen) ? seen : nil
        }
    }
}
