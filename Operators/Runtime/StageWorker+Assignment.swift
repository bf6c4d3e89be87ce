internal import Dataflow
internal import Records
internal import State

extension StageWorker {
    /// Starts tasks whose inputs are all here: claim first, then restore, then read.
    func assign(_ partitions: [TopicPartition], _ commands: inout [WorkerCommand]) {
        waiting.formUnion(partitions)
        for number in Set(waiting.map(\.partition)).sorted() where tasks[number] == nil {
            let inputs = inputs(of: number)
            guard !claiming.contains(number), waiting.isSuperset(of: inputs) else { continue }
            waiting.subtract(inputs)
            claiming.insert(number)
            commands.append(.claim(task: number, inputs: inputs))
        }
    }

    /// Builds a task whose place the authority has told.
    func claimed(
        _ number: Int32, _ position: CommitPosition?, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        guard claiming.remove(number) != nil else { return }
        // A commit lies behind every life that made one, so the number grows from life to life, whatever
        // the clock says.
        let incarnation = (position?.checkpoint?.epoch ?? 0) + 1
        let task = try makeTask(number, incarnation: incarnation)
        commands.append(.load(task: number, task.claimed(position)))
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
    }

    /// Lets the tasks run whose reader stands where they go on.
    func started(
        _ offsets: [TopicPartition: Offset], now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        for number in Set(offsets.keys.map(\.partition)).sorted() {
            guard let task = tasks[number], task.phase == .starting else { continue }
            task.started(offsets)
            if let ends { task.finish(at: ends, now: now) }
            try settle(number, &commands)
            resume(task, &commands)
        }
        try finishIfDone(now: now, &commands)
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
    func lose(_ partitions: [TopicPartition], _ commands: inout [WorkerCommand]) {
        let numbers = Set(partitions.map(\.partition))
        if let commit = coordinator.current, !numbers.isDisjoint(with: commit.tasks) {
            // The commit may or may not happen for the others: they ask the authority again.
            reclaim(coordinator.abandon().filter { !numbers.contains($0) }, &commands)
        }
        leaving.removeAll { partitions.contains($0) }
        drop(numbers, givingBack: partitions, &commands)
        waiting.subtract(partitions)
        commands.append(.release(partitions))
        assign([], &commands)
    }

    /// Releases the partitions that were revoked.
    func leave(_ commands: inout [WorkerCommand]) {
        guard !leaving.isEmpty else { return }
        waiting.subtract(leaving)
        drop(Set(leaving.map(\.partition)), givingBack: leaving, &commands)
        commands.append(.release(leaving))
        leaving.removeAll()
    }

    /// Ends tasks; inputs of theirs that stay with this member wait for their siblings to come back.
    private func drop(
        _ numbers: Set<Int32>, givingBack partitions: [TopicPartition],
        _ commands: inout [WorkerCommand]
    ) {
        for number in numbers.sorted() {
            let wasClaiming = claiming.remove(number) != nil
            guard tasks.removeValue(forKey: number) != nil || wasClaiming else { continue }
            reading.subtract(inputs(of: number))
            let kept = inputs(of: number).filter { !partitions.contains($0) }
            if kept.isEmpty { continue }
            // Reading stops before the state is dropped and starts again at the authority's offsets.
            commands.append(.release(kept))
            waiting.formUnion(kept)
        }
    }

    /// Starts tasks anew from what the authority names.
    func reclaim(_ numbers: [Int32], _ commands: inout [WorkerCommand]) {
        drop(Set(numbers), givingBack: [], &commands)
    }
}
