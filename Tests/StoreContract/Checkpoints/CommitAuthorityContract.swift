internal import Records
public import State
public import Testing

/// What every commit authority must do, one case a promise.
///
/// Two authorities are made for one system, as two workers would; tasks are named anew for each case.
public enum CommitAuthorityContract: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case startsWithNothing = "a task that nobody decided has no position"
    case remembers = "a claim gives the position of the last decision, to the last bit"
    case fences = "a decision after somebody else's claim is refused and changes nothing"
    case claimsAgain = "a fenced owner can claim again and then fences in turn"
    case keepsTasksApart = "tasks that share a run or stage don't touch each other"
    case takesNoCheckpoint = "a position without a checkpoint stays without one"
    case refusesUnclaimed = "a decision without a claim is refused"
    case decidesSeveral = "one call decides several tasks"

    /// The promise.
    public var testDescription: String { rawValue }

    /// Puts two authorities of one system to the test.
    ///
    /// - Parameter run: a name that no other check uses.
    public func check(
        _ first: any CommitAuthority, _ second: any CommitAuthority, run: String
    ) throws {
        let task = TaskID(run: run, stage: "stage", partition: 3)
        let input = TopicPartition(topic: "locations", partition: 3)
        func decision(_ epoch: UInt64, _ offset: Int64) -> CommitDecision {
            CommitDecision(task: task, position: position(epoch, [input: Offset(offset)]))
        }
        switch self {
        case .startsWithNothing:
            #expect(try first.claim(task, inputs: [input]) == nil)
            #expect(try first.claim(task, inputs: [input]) == nil)
            #expect(try second.claim(task, inputs: [input]) == nil)
        case .remembers: try CommitAuthorityContract.remembers(first, second, task)
        case .fences:
            _ = try first.claim(task, inputs: [input])
            try first.decide([decision(1, 10)])
            #expect(try second.claim(task, inputs: [input]) == decision(1, 10).position)
            let error = #expect(throws: DataflowError.self) { try first.decide([decision(2, 20)]) }
            #expect(error?.code == .fenced)
            try second.decide([decision(2, 15)])
            #expect(try second.claim(task, inputs: [input]) == decision(2, 15).position)
        case .claimsAgain:
            _ = try first.claim(task, inputs: [input])
            _ = try second.claim(task, inputs: [input])
            _ = try first.claim(task, inputs: [input])
            try first.decide([decision(1, 5)])
            #expect(throws: DataflowError.self) { try second.decide([decision(1, 6)]) }
            #expect(try second.claim(task, inputs: [input]) == decision(1, 5).position)
        case .keepsTasksApart: try CommitAuthorityContract.keepsTasksApart(first, second, run)
        case .takesNoCheckpoint:
            _ = try first.claim(task, inputs: [input])
            let bare = CommitPosition(offsets: [input: Offset(7)], checkpoint: nil)
            try first.decide([decision(1, 5)])
            try first.decide([CommitDecision(task: task, position: bare)])
            #expect(try second.claim(task, inputs: [input]) == bare)
        case .refusesUnclaimed:
            #expect(throws: DataflowError.self) { try first.decide([decision(1, 5)]) }
            #expect(try second.claim(task, inputs: [input]) == nil)
        case .decidesSeveral: try CommitAuthorityContract.decidesSeveral(first, second, run)
        }
    }

    private static func remembers(
        _ first: any CommitAuthority, _ second: any CommitAuthority, _ task: TaskID
    ) throws {
        let inputs = [
            TopicPartition(topic: "b.topic", partition: 3),
            TopicPartition(topic: "a_topic-1", partition: 3),
        ]
        _ = try first.claim(task, inputs: inputs)
        let position = CommitPosition(
            offsets: [inputs[0]: Offset(.max), inputs[1]: Offset(0)],
            checkpoint: CheckpointRef(
                epoch: 1, attempt: .max, manifestChecksum: .max))
        try first.decide([CommitDecision(task: task, position: position)])
        #expect(try second.claim(task, inputs: inputs) == position)
    }

    private static func keepsTasksApart(
        _ first: any CommitAuthority, _ second: any CommitAuthority, _ run: String
    ) throws {
        let tasks = [
            TaskID(run: run, stage: "a", partition: 0), TaskID(run: run, stage: "a", partition: 1),
            TaskID(run: run, stage: "b", partition: 0),
            TaskID(run: "\(run)-2", stage: "a", partition: 0),
        ]
        let input = TopicPartition(topic: "t", partition: 0)
        for task in tasks { _ = try first.claim(task, inputs: [input]) }
        _ = try second.claim(tasks[1], inputs: [input])
        for (number, task) in tasks.enumerated() where number != 1 {
            try first.decide([
                CommitDecision(
                    task: task,
                    position: CommitAuthorityContract.position(
                        1, [input: Offset(Int64(number))]))
            ])
        }
        #expect(try second.claim(tasks[1], inputs: [input]) == nil)
        #expect(try second.claim(tasks[2], inputs: [input])?.offsets == [input: Offset(2)])
        #expect(try second.claim(tasks[3], inputs: [input])?.offsets == [input: Offset(3)])
    }

    private static func decidesSeveral(
        _ first: any CommitAuthority, _ second: any CommitAuthority, _ run: String
    ) throws {
        let decisions = (0..<4 as Range<Int32>).map { partition in
            CommitDecision(
                task: TaskID(run: run, stage: "s", partition: partition),
                position: position(
                    1, [TopicPartition(topic: "t", partition: partition): Offset(Int64(partition))])
            )
        }
        for decision in decisions { _ = try first.claim(decision.task, inputs: []) }
        try first.decide(decisions)
        for decision in decisions {
            #expect(try second.claim(decision.task, inputs: []) == decision.position)
        }
    }

    private static func position(
        _ epoch: UInt64, _ offsets: [TopicPartition: Offset]
    ) -> CommitPosition {
        CommitPosition(
            offsets: offsets,
            checkpoint: CheckpointRef(
                epoch: epoch, attempt: SeededGenerator.mix(epoch), manifestChecksum: 77))
    }

    private func position(
        _ epoch: UInt64, _ offsets: [TopicPartition: Offset]
    ) -> CommitPosition {
        CommitAuthorityContract.position(epoch, offsets)
    }
}
