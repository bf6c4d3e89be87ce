import Dataflow
import Foundation
import KafkaClient
import Records
import Runtime
import Sources
import State
import Transforms

/// A task with much state and few changes, driven without a client or a clock: what commits and restores cost.
final class CommitWorkload {
    /// What is remembered of a key, 96 bytes.
    struct Memory: BinaryCodable {
        var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
        var more: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)

        init() {}

        init(from reader: inout ByteReader) throws(CodecError) {
            words = (
                try reader.integer(), try reader.integer(), try reader.integer(),
                try reader.integer(), try reader.integer(), try reader.integer()
            )
            more = (
                try reader.integer(), try reader.integer(), try reader.integer(),
                try reader.integer(), try reader.integer(), try reader.integer()
            )
        }

        func encode(into writer: inout ByteWriter) {
            withUnsafeBytes(of: words) { writer.raw($0) }
            withUnsafeBytes(of: more) { writer.raw($0) }
        }
    }

    struct Remember: ProcessFunction {
        func initialState(of key: UInt64) -> Memory { Memory() }
        mutating func process(
            _ input: Note, at time: EventTime, key: UInt64, state: inout Memory,
            context: inout ProcessContext<Note>
        ) {
            state.words.0 &+= 1
            state.more.5 = input.key
        }
    }

    /// A record: its key.
    struct Note: KeyedTopicRecord, BinaryCodable {
        var key: UInt64
        static var topicKey: PartialKeyPath<Note> { \.key }

        init(record: RecordView) throws(CodecError) {
            guard let bytes = record.key else { throw .malformed("no key") }
            var reader = ByteReader(bytes)
            key = try reader.integer()
        }
        init(from reader: inout ByteReader) throws(CodecError) { key = try reader.integer() }
        func encode(into writer: inout ByteWriter) { writer.integer(key) }
        func encodeKey(into writer: inout ByteWriter) -> Bool {
            writer.integer(key)
            return true
        }
        func encodeValue(into writer: inout ByteWriter) -> Bool { false }
    }

    /// Takes everything and keeps nothing.
    struct Discard<In>: SinkFactory {
        struct Terminal: TerminalSink {
            mutating func receive(_ value: In, at time: EventTime) {}
        }
        var kind: GraphNode.Kind { .localSink }
        func make(_ node: NodeID, _ builder: TaskBuilder) throws -> Terminal { Terminal() }
    }

    /// Remembers the last decision.
    private final class Authority: CommitAuthority {
        var position: CommitPosition?
        func claim(_ task: TaskID, inputs: [TopicPartition]) throws -> CommitPosition? { position }
        func decide(_ decisions: [CommitDecision]) throws { position = decisions.first?.position }
    }

    private let partition = TopicPartition(topic: "notes", partition: 0)
    private let plan: Plan
    private let builder: GraphBuilder
    private let authority = Authority()
    private let store: any CheckpointStore
    private var worker: StageWorker
    private var runner: CommandRunner
    private var now = EventTime(milliseconds: 0)
    private var offset: Int64 = 0
    /// The bytes of all checkpoints so far.
    private(set) var checkpointBytes = 0
    /// A step of the worker that made a checkpoint: the thread's other tasks stood still meanwhile.
    struct Pause {
        var seconds: Double
        var bytes: Int
    }
    /// The pauses since ``resetPauses()``.
    private(set) var pauses: [Pause] = []

    init(_ store: any CheckpointStore) throws {
        self.store = store
        builder = GraphBuilder(pipeline: "bench")
        let source = builder.source("notes", from: KafkaSource<Note>("notes"))
        source.rejected.sink("rejects", to: Discard<DeadLetter>())
        source.accepted.keyBy("by-key", \.key)
            .process("remember", ProcessOptions(maximumKeys: 20_000_000)) { Remember() }
            .sink("out", to: Discard<Note>())
        plan = try Plan(try builder.graph(), options: PlanOptions(partitions: 1))
        (worker, runner) = CommitWorkload.makeWorker(plan, builder, authority, store)
        drive(.assigned([partition]))
    }

    private static func makeWorker(
        _ plan: Plan, _ builder: GraphBuilder, _ authority: Authority, _ store: any CheckpointStore
    ) -> (StageWorker, CommandRunner) {
        let stage = plan.stages[0]
        var options = WorkerOptions()
        options.delivery = .atLeastOnce
        options.isBounded = true
        options.maximumStateBytes = 8 << 30
        let worker = StageWorker(stage: stage, run: "bench", options: options, seed: 1) {
            partition, incarnation in
            let context = TaskContext(
                pipeline: "bench", partition: partition, stageTasks: 1, incarnation: incarnation,
                partitionCount: { _ in 1 })
            return try builder.makeChain(stage: stage, plan: plan, context: context)
        }
        let services = LaneServices(
            reader: nil, writer: nil, authority: authority, store: store)
        return (worker, CommandRunner(run: "bench", stage: stage.name, services))
    }

    /// Lets the worker take an event, and everything that follows from it.
    private func drive(_ first: WorkerEvent) {
        var events = [first]
        while !events.isEmpty {
            let start = ContinuousClock.now
            let commands = worker.step(now: now, events.removeFirst())
            let seconds = (ContinuousClock.now - start).inSeconds
            for command in commands {
                if case .prepare(_, let writes) = command {
                    let bytes = writes.reduce(0) { $0 + $1.bytes.count }
                    checkpointBytes += bytes
                    pauses.append(Pause(seconds: seconds, bytes: bytes))
                }
                do {
                    if let event = try runner.carryOut(command) { events.append(event) }
                } catch {
                    print("  \(command.name): \(error)")
                }
            }
        }
    }

    /// Touches keys, and commits.
    func commit(_ keys: some Collection<UInt64>) {
        var writer = ByteWriter()
        for key in keys { writer.integer(key) }
        writer.bytes.withUnsafeBytes { bytes in
            var views: [RecordView] = []
            views.reserveCapacity(4_096)
            for place in 0..<keys.count {
                let key = UnsafeRawBufferPointer(
                    rebasing: bytes[(place * 8)..<(place * 8 + 8)])
                views.append(
                    RecordView(
                        offset: Offset(offset), timestamp: now, key: key, value: nil))
                offset += 1
                if views.count == 4_096 || place == keys.count - 1 {
                    views.withUnsafeBufferPointer {
                        drive(.batch(RecordBatch(partition: partition, records: $0)))
                    }
                    views.removeAll(keepingCapacity: true)
                }
            }
        }
        now = now.advanced(byMilliseconds: 2_000)
        drive(.timer)
    }

    func resetPauses() { pauses = [] }

    /// Ends the worker and starts another one over the same store.
    ///
    /// - Returns: seconds until its task runs.
    func restore() throws -> Double {
        (worker, runner) = CommitWorkload.makeWorker(plan, builder, authority, store)
        let start = ContinuousClock.now
        drive(.assigned([partition]))
        let seconds = (ContinuousClock.now - start).inSeconds
        guard worker.progress.first?.isRunning == true else {
            throw BenchmarkFailure(description: "the task was not restored")
        }
        return seconds
    }
}
