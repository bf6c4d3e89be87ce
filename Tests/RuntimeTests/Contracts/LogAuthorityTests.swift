import OperatorTesting
import Records
import Runtime
import State
import StoreContract
import Testing

/// A group's offsets as the commit authority: what of its contract does not rest on the group's own fencing,
/// which the contract of the log checks.
@Suite("The log as commit authority")
struct LogAuthorityTests {
    private let log = SimulatedLog()
    private let task = TaskID(run: "run", stage: "stage", partition: 0)
    private let inputs = ["a", "b"].map { TopicPartition(topic: $0, partition: 0) }

    private func reader() throws -> SimulatedReader {
        log.makeReader(group: "run.stage")
    }

    @Test("keeps the contract", arguments: [CommitAuthorityContract.startsWithNothing, .remembers])
    func contract(promise: CommitAuthorityContract) throws {
        try promise.check(LogAuthority(reader()), LogAuthority(reader()), run: "run")
    }

    @Test("an offset that names no checkpoint is somebody else's, and is refused with its place")
    func foreign() throws {
        let reader = try reader()
        try reader.commit([inputs[0]: CommittedOffset(offset: Offset(7), metadata: "")])
        let error = #expect(throws: DataflowError.self) {
            try LogAuthority(reader).claim(task, inputs: inputs)
        }
        #expect(error?.code == .incompatibleState)
        #expect(error?.partition == inputs[0] && error?.offset == Offset(7))
    }

    @Test("offsets of two checkpoints are not one position")
    func torn() throws {
        let reader = try reader()
        let authority = LogAuthority(reader)
        for (epoch, input) in inputs.enumerated() {
            let checkpoint = CheckpointRef(
                epoch: UInt64(epoch + 1), attempt: 5, manifestChecksum: 9)
            try authority.decide([
                CommitDecision(
                    task: task,
                    position: CommitPosition(offsets: [input: Offset(3)], checkpoint: checkpoint))
            ])
        }
        let error = #expect(throws: DataflowError.self) {
            try authority.claim(task, inputs: inputs)
        }
        #expect(error?.code == .incompatibleState)
    }

    @Test("one call decides several tasks, and each is read back alone")
    func several() throws {
        let authority = LogAuthority(try reader())
        let decisions = (0..<3 as Range<Int32>).map { number in
            CommitDecision(
                task: TaskID(run: "run", stage: "stage", partition: number),
                position: CommitPosition(
                    offsets: [TopicPartition(topic: "a", partition: number): Offset(Int64(number))],
                    checkpoint: CheckpointRef(
                        epoch: UInt64(number), attempt: 1, manifestChecksum: 2)))
        }
        try authority.decide(decisions)
        for decision in decisions {
            let inputs = Array(decision.position.offsets.keys)
            #expect(try authority.claim(decision.task, inputs: inputs) == decision.position)
        }
    }
}
