import OperatorTesting
import Records
import State
import Testing

@testable import Runtime

@Suite("A transactional log whose cluster refuses or does not answer")
struct TransactionalLogRefusalTests {
    /// A producer that does as it is told, and counts.
    private final class ScriptedWriter: TransactionalWriter {
        /// What the next calls of a step fail with.
        var takeOverFailures: [TransactionError] = []
        var sendFailure: TransactionError?
        var commitFailure: TransactionError?
        private(set) var takeOvers = 0
        private(set) var aborts = 0
        private(set) var isClosed = false

        func takeOver() throws {
            takeOvers += 1
            if !takeOverFailures.isEmpty { throw takeOverFailures.removeFirst() }
        }
        func begin() throws {}
        func send(
            _ offsets: [TopicPartition: CommittedOffset], as identity: any GroupIdentity
        ) throws {
            if let sendFailure { throw sendFailure }
        }
        func commit() throws { if let commitFailure { throw commitFailure } }
        func abort() throws { aborts += 1 }
        func partitionCount(of topic: String) throws -> Int32 { 1 }
        func write(_ batch: OutputBatch, token: UInt64) throws {}
        func poll() -> [DeliveryReport] { [] }
        func flush(timeoutMilliseconds: Int) throws {}
        func close() { isClosed = true }
    }

    private final class Bench {
        let log = SimulatedLog()
        let reader: SimulatedReader
        /// Producers that are still to be made, in their order.
        var writers: [ScriptedWriter]
        private(set) var made: [ScriptedWriter] = []
        private(set) lazy var authority = TransactionalLog(
            run: "run", stage: "stage", reader: reader, slots: FixedSlot()
        ) { [unowned self] _ in
            made.append(writers.removeFirst())
            return made[made.count - 1]
        }
        let input = TopicPartition(topic: "in", partition: 0)

        init(_ writers: [ScriptedWriter]) throws {
            self.writers = writers
            try log.createTopic("in", partitions: 1)
            reader = try log.makeMember(group: "run.stage", topics: ["in"])
            for _ in 0..<3 { _ = try reader.poll() }
        }

        func write() throws { try authority.write(OutputBatch(topics: ["out"]), token: 1) }

        func decide() throws {
            try authority.decide([
                CommitDecision(
                    task: TaskID(run: "run", stage: "stage", partition: 0),
                    position: CommitPosition(
                        offsets: [input: Offset(1)],
                        checkpoint: CheckpointRef(epoch: 1, attempt: 7, manifestChecksum: 9)))
            ])
        }
    }

    private static let silence = TransactionError(
        .retriable, DataflowError(.logUnavailable, domain: .external, "nobody answers"))
    private static let forbidden = DataflowError(.logUnavailable, domain: .user, "not allowed")

    @Test("a silent coordinator is asked once a call, by one client three times, then by another")
    func silentCoordinator() throws {
        let first = ScriptedWriter()
        first.takeOverFailures = Array(repeating: Self.silence, count: 9)
        let bench = try Bench([first, ScriptedWriter()])
        for call in 1...TransactionalLog.maximumStepAttempts {
            let error = #expect(throws: DataflowError.self) { try bench.write() }
            #expect(error?.retry == .backoff)
            #expect(first.takeOvers == call && bench.made.count == 1)
        }
        #expect(first.isClosed)
        try bench.write()
        #expect(bench.made.count == 2 && bench.made[1].takeOvers == 1)
    }

    @Test("who may not send offsets hears so, once nothing of the transaction is left")
    func forbiddenOffsets() throws {
        for remedy in [TransactionError.Remedy.abortable, .fatal] {
            let writer = ScriptedWriter()
            writer.sendFailure = TransactionError(remedy, Self.forbidden)
            let bench = try Bench([writer])
            try bench.write()
            let error = #expect(throws: DataflowError.self) { try bench.decide() }
            #expect(error?.retry == .never && error?.message == "not allowed")
            #expect(writer.aborts == 1)
        }
    }

    @Test(
        "a commit that was refused for good is over; one that may have happened is asked for again")
    func forbiddenCommit() throws {
        for (remedy, retry) in [
            (TransactionError.Remedy.abortable, DataflowError.Retry.never), (.fatal, .restart),
        ] {
            let writer = ScriptedWriter()
            writer.commitFailure = TransactionError(remedy, Self.forbidden)
            let bench = try Bench([writer])
            try bench.write()
            let error = #expect(throws: DataflowError.self) { try bench.decide() }
            #expect(error?.retry == retry)
            #expect(writer.isClosed == (retry == .restart))
        }
    }

    @Test("what passes is a restart, whatever it was")
    func passingFailure() throws {
        let writer = ScriptedWriter()
        writer.sendFailure = TransactionError(
            .abortable, DataflowError(.logUnavailable, domain: .external, "the group moves"))
        let bench = try Bench([writer])
        try bench.write()
        let error = #expect(throws: DataflowError.self) { try bench.decide() }
        #expect(error?.retry == .restart)
    }

    private final class FixedSlot: SlotHolder {
        func hold() -> Int32 { 0 }
        func release() {}
    }
}
