internal import Dataflow
internal import Records
internal import State

extension StageWorker {
    /// Starts tasks whose inputs are all here: claim first, then restore, then read.
    func assign(
        _ partitions: [TopicPartition], now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        waiting.formUnion(partitions)
        for number in Set(waiting.map(\.partition)).sorted() where tasks[number] == nil {
            let inputs = stage.topics.map { TopicPartition(topic: $0, partition: number) }
            guard waiting.isSuperset(of: inputs) else { continue }
            waiting.subtract(inputs)
            _ = try makeTask(number, now: now)
            commands.append(.claim(task: number, inputs: inputs))
        }
    }

    func claimed(_ number: Int32, _ position: CommitPosition?, _ commands: inout [WorkerCommand]) {
        guard let task = tasks[number], task.phase == .claiming else { return }
        let ref = task.claimed(position)
        commands.append(.load(task: number, ref))
    }

    func loaded(
        _ number: Int32, _ checkpoints: [Checkpoint], now: EventTime,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        guard let task = tasks[number], task.phase == .loading else { return }
        try task.restore(checkpoints)
        var positions: [TopicPartition: Offset?] = [:]
        for input in task.inputs { positions[input.topic] = .some(input.position) }
        commands.append(.start(positions))
        if let ends { task.finish(at: ends, now: now) }
        try settle(number, &commands)
        resume(task, &commands)
    }

    /// Gives partitions back: after a commit of what their tasks have done, if one is possible.
    func revoke(
        _ partitions: [TopicPartition], now: EventTime, _ commands: inout [WorkerCommand]
    ) {
        waiting.subtract(partitions)
        leaving += partitions
        if !coordinator.isBusy {
            let numbers = Set(partitions.map(\.partition))
            let isDirty = tasks.contains { numbers.contains($0.key) && $0.value.isDirty }
            if isDirty { beginCommit(now: now, &commands) }
        }
        if !coordinator.isBusy { leave(&commands) }
    }

    /// Drops partitions that are somebody else's: nothing of theirs may be committed.
    func lose(
        _ partitions: [TopicPartition], now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        let numbers = Set(partitions.map(\.partition))
        if let commit = coordinator.current, !numbers.isDisjoint(with: commit.tasks) {
            // The commit may or may not happen for the others: they ask the authority again.
            reclaim(coordinator.abandon().filter { !numbers.contains($0) }, &commands)
        }
        leaving.removeAll { partitions.contains($0) }
        drop(numbers)
        waiting.subtract(partitions)
        commands.append(.release(partitions))
        try assign([], now: now, &commands)
    }

    /// Releases the partitions that were revoked.
    func leave(_ commands: inout [WorkerCommand]) {
        guard !leaving.isEmpty else { return }
        drop(Set(leaving.map(\.partition)))
        commands.append(.release(leaving))
        leaving.removeAll()
    }

    private func drop(_ numbers: Set<Int32>) {
        for number in numbers {
            guard let task = tasks.removeValue(forKey: number) else { continue }
            reading.subtract(task.topics)
        }
    }

    /// Starts tasks anew from what the authority names.
    func reclaim(_ numbers: [Int32], _ commands: inout [WorkerCommand]) {
        for number in numbers.sorted() {
            guard let old = tasks[number] else { continue }
            let inputs = old.topics
            drop([number])
            // Reading stops before the state is dropped and starts again at the authority's offsets.
            commands.append(.release(inputs))
            waiting.formUnion(inputs)
        }
    }
}
