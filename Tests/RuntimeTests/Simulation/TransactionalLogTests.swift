import OperatorTesting
import Records
import Runtime
import State
import Testing

@Suite("Transactions as a commit authority")
struct TransactionalLogTests {
    private final class FixedSlot: SlotHolder {
        var slot: Int32 = 0
        private(set) var isReleased = false
        func hold() -> Int32 { slot }
        func release() { isReleased = true }
    }

    /// A member that owns the topic `in`, and the authority that writes `out` for it.
    private struct Bench {
        let log = SimulatedLog()
        let reader: SimulatedReader
        let slots = FixedSlot()
        let authority: TransactionalLog
        let input = TopicPartition(topic: "in", partition: 0)
        let out = TopicPartition(topic: "out", partition: 0)
        let task = TaskID(run: "run", stage: "stage", partition: 0)

        init(joins: Bool = true, faults: FaultPlan? = nil) throws {
            try log.createTopic("in", partitions: 1)
            try log.createTopic("out", partitions: 1)
            reader = try log.makeMember(group: "run.stage", topics: ["in"])
            if joins { for _ in 0..<3 { _ = try reader.poll() } }
            let log = log
            authority = TransactionalLog(
                run: "run", stage: "stage", reader: reader, slots: slots
            ) { log.makeWriter(transactionalID: $0) }
            log.faults = faults
        }

        func write(_ value: UInt8) throws {
            var batch = OutputBatch(topics: ["out"])
            batch.bytes = [value]
            batch.entries = [
                OutputBatch.Entry(
                    topic: 0, partition: 0, timestamp: EventTime(milliseconds: 1), key: nil,
                    value: 0..<1)
            ]
            try authority.write(batch, token: UInt64(value))
        }

        func decision(_ epoch: UInt64, of partition: TopicPartition? = nil) -> CommitDecision {
            CommitDecision(
                task: task,
                position: CommitPosition(
                    offsets: [partition ?? input: Offset(Int64(epoch))],
                    checkpoint: CheckpointRef(epoch: epoch, attempt: 7, manifestChecksum: 9)))
        }

        var published: [UInt8] { log.records(of: "out").compactMap { $0.value?.first } }
    }

    /// A producer that can go on with its open transaction alone.
    private final class Spent: TransactionalWriter {
        let inner: SimulatedTransactionalWriter
        let mustBeReplaced: Bool

        init(_ inner: SimulatedTransactionalWriter, _ mustBeReplaced: Bool) {
            self.inner = inner
            self.mustBeReplaced = mustBeReplaced
        }

        func partitionCount(of topic: String) throws -> Int32 {
            try inner.partitionCount(of: topic)
        }
        func recordBound(of topic: String) -> Int { mustBeReplaced ? 1_000 : 100 }
        func write(_ batch: OutputBatch, token: UInt64) throws {
            try inner.write(batch, token: token)
        }
        func poll() -> [DeliveryReport] { inner.poll() }
        func flush(timeoutMilliseconds: Int) throws {
            try inner.flush(timeoutMilliseconds: timeoutMilliseconds)
        }
        func close() { inner.close() }
        func takeOver() throws { try inner.takeOver() }
        func begin() throws { try inner.begin() }
        func send(_ offsets: [TopicPartition: CommittedOffset], as identity: any GroupIdentity)
            throws
        {
            try inner.send(offsets, as: identity)
        }
        func commit() throws { try inner.commit() }
        func abort() throws { try inner.abort() }
    }

    @Test("a producer that must be replaced is, behind the abort of its transaction")
    func replaced() throws {
        let bench = try Bench()
        var made = 0
        let log = bench.log
        let authority = TransactionalLog(
            run: "run", stage: "stage", reader: bench.reader, slots: bench.slots
        ) {
            made += 1
            return Spent(log.makeWriter(transactionalID: $0), made == 1)
        }
        #expect(authority.recordBound(of: "out") == 1_000)
        // Begins a transaction.
        var batch = OutputBatch(topics: ["out"])
        batch.bytes = [1]
        batch.entries = [
            OutputBatch.Entry(
                topic: 0, partition: 0, timestamp: EventTime(milliseconds: 1), key: nil,
                value: 0..<1)
        ]
        try authority.write(batch, token: 1)
        try authority.abandon()
        #expect(authority.recordBound(of: "out") == 100 && made == 2)
        batch.bytes = [2]
        try authority.write(batch, token: 2)
        try authority.flush(timeoutMilliseconds: 1_000)
        try authority.decide([bench.decision(1)])
        #expect(bench.published == [2] && made == 2)
    }

    @Test("outputs and offsets with their checkpoint's name become visible together")
    func together() throws {
        let bench = try Bench()
        try bench.write(1)
        #expect(bench.published.isEmpty)
        try bench.authority.decide([bench.decision(1)])
        #expect(bench.published == [1])
        #expect(
            try bench.authority.claim(bench.task, inputs: [bench.input])
                == bench.decision(1).position)
    }

    @Test("a member without a generation commits nothing, and its transaction is gone")
    func noGeneration() throws {
        let bench = try Bench(joins: false)
        try bench.write(1)
        let error = #expect(throws: DataflowError.self) {
            try bench.authority.decide([bench.decision(1)])
        }
        #expect(error?.code == .fenced && error?.retry == .restart)
        #expect(bench.published.isEmpty && !bench.log.hasOpenTransaction(in: "out"))
        #expect(bench.log.committed("run.stage").isEmpty)
    }

    @Test("a partition that is not this member's is not committed, whatever the generation")
    func foreignPartition() throws {
        let bench = try Bench()
        let foreign = TopicPartition(topic: "in", partition: 5)
        let error = #expect(throws: DataflowError.self) {
            try bench.authority.decide([bench.decision(1, of: foreign)])
        }
        #expect(error?.code == .fenced)
        #expect(bench.log.committed("run.stage").isEmpty)
    }

    @Test("what was given up is never seen, and does not reach the next transaction")
    func abandoned() throws {
        let bench = try Bench()
        try bench.write(1)
        try bench.authority.abandon()
        #expect(bench.authority.poll().allSatisfy { $0.error == nil })
        try bench.write(2)
        try bench.authority.decide([bench.decision(1)])
        #expect(bench.published == [2])
    }

    @Test("a slot that somebody else has taken ends the transaction, and the next bears another id")
    func slotTaken() throws {
        let bench = try Bench()
        try bench.write(1)
        try bench.authority.flush(timeoutMilliseconds: 0)
        bench.slots.slot = 4
        let error = #expect(throws: DataflowError.self) { try bench.write(2) }
        #expect(error?.code == .fenced)
        try bench.write(3)
        try bench.authority.decide([bench.decision(1)])
        // The open transaction of the old id still hides what lies behind it.
        #expect(bench.published.isEmpty)
        bench.log.clock = ManualClock(EventTime(milliseconds: 60_000))
        bench.log.expireTransactions()
        #expect(bench.published == [3])
    }

    @Test("asking for a bound or a number of partitions never drops what the transaction holds")
    func slotTakenBeforeQuestion() throws {
        let bench = try Bench()
        try bench.write(1)
        bench.slots.slot = 4
        // A further task is built meanwhile.
        #expect(bench.authority.recordBound(of: "out") == bench.log.recordBound)
        #expect(try bench.authority.partitionCount(of: "out") == 1)
        // Whoever commits hears that the output is gone, before its offsets are committed.
        let error = #expect(throws: DataflowError.self) {
            try bench.authority.decide([bench.decision(1)])
        }
        #expect(error?.code == .fenced && error?.retry == .restart)
        #expect(bench.log.committed("run.stage").isEmpty)
        try bench.write(2)
        try bench.authority.decide([bench.decision(1)])
        #expect(!bench.log.committed("run.stage").isEmpty)
    }

    @Test(
        "after an outcome that nobody told, a claim finds the truth",
        arguments: 0..<80 as Range<UInt64>)
    func unknownOutcome(seed: UInt64) throws {
        let faults = FaultPlan(
            seed: seed,
            budgets: [
                .commitLost: 1, .commitUnheard: 1, .offsetsLost: 1, .abortLost: 1,
                .commitRefused: 2,
            ])
        let bench = try Bench(faults: faults)
        var epoch: UInt64 = 0
        var kept: [UInt8] = []
        for value in 1...12 as ClosedRange<UInt8> {
            try bench.write(value)
            do {
                try bench.authority.decide([bench.decision(epoch + 1)])
                epoch += 1
                kept.append(value)
            } catch let error as DataflowError {
                #expect(error.retry == .restart)
                let position = try bench.authority.claim(bench.task, inputs: [bench.input])
                let found = position?.checkpoint?.epoch ?? 0
                #expect(found == epoch || found == epoch + 1)
                if found > epoch { kept.append(value) }
                epoch = found
            }
        }
        #expect(bench.published == kept)
    }
}
