internal import Dataflow
internal import Records
internal import State

extension StageWorker {
    /// Starts tasks whose inputs are all here: claim first, then restore, then read.
    func assign(_ partitions: [TopicPartition], _ commands: inout [WorkerCommand]) {
        waiting.formUnion(partitions)
        guard now >= troubles.restsUntil else { return }
        for number in Set(waiting.map(\.partition)).sorted()
        where tasks[number] == nil && !isBlocked(number) {
            let inputs = inputs(of: number)
            guard claiming[number] == nil, waiting.isSuperset(of: inputs) else { continue }
            waiting.subtract(inputs)
            let life = nextLife(of: number)
            claiming[number] = life
            commands.append(.claim(life, inputs: inputs))
        }
    }

    /// Builds a task whose place the authority has told.
    ///
    /// Its operators ask log and database for numbers and bounds: while those don't answer the task is claimed
    /// again, as after a claim that failed.
    func claimed(
        _ life: TaskLife, _ position: CommitPosition?, now: EventTime,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        guard claiming[life.task] == life else { return }
        // A commit lies behind every life that made one, so the number grows from life to life, whatever
        // the clock says.
        let incarnation = (position?.checkpoint?.epoch ?? 0) + 1
        let task: StageTask
        do throws(DataflowError) {
            task = try makeTask(life, incarnation: incarnation)
        } catch {
            guard error.retry != .never else { throw error }
            let claim = WorkerCommand.claim(life, inputs: inputs(of: life.task))
            return try retry(claim, error, now: now, &commands)
        }
        claiming[life.task] = nil
        noteSuccess(of: "claim", commands: &commands)
        commands.append(.load(life, task.claimed(position), isFresh: position == nil))
    }

    func loaded(
        _ life: TaskLife, _ checkpoint: Checkpoint?, others: [String], now: EventTime,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        guard let task = tasks[life.task], task.life == life, task.phase == .loading else { return }
        let next = try task.restore(checkpoint)
        let garbage = task.found(others, now: now)
        if !garbage.isEmpty { commands.append(.collect(garbage)) }
        goOnLoading(task, next, &commands)
    }

    func linkLoaded(
        _ life: TaskLife, _ checkpoint: Checkpoint, _ index: Int,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        guard let task = tasks[life.task], task.life == life, task.phase == .loading else { return }
        goOnLoading(task, try task.restore(checkpoint, at: index), &commands)
    }

    private func goOnLoading(
        _ task: StageTask, _ next: (link: Checkpoint.Link, index: Int)?,
        _ commands: inout [WorkerCommand]
    ) {
        if isWithoutRoom(task, &commands) { return }
        if let next {
            commands.append(.loadLink(task.life, next.link, index: next.index))
        } else if task.phase == .starting {
            troubles.missing[task.life.task] = nil
            var positions: [TopicPartition: Offset?] = [:]
            for input in task.inputs { positions[input.topic] = .some(input.position) }
            commands.append(.start(task.life, positions))
        }
    }

    /// Lets a task run whose reader stands where it goes on.
    func started(
        _ life: TaskLife, _ offsets: [TopicPartition: Offset], now: EventTime,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        guard let task = tasks[life.task], task.life == life, task.phase == .starting else {
            return
        }
        task.started(offsets)
        // What it wrote now would be in a transaction that doesn't account for it.
        if sharesTransaction, coordinator.isBusy { task.pause() }
        if let ends { task.finish(at: ends, now: now) }
        try settle(life.task, &commands)
        resume(task, &commands)
        try finishIfDone(now: now, &commands)
    }

    /// Gives partitions back: after a commit of what their tasks have done, if one is possible.
    func revoke(
        _ partitions: [TopicPartition], now: EventTime, _ commands: inout [WorkerCommand]
    ) {
        waiting.subtract(partitions)
        leaving += partitions
        for partition in partitions { troubles.blocked[partition.partition] = nil }
        if troubles.outage != nil, coordinator.isBusy {
            leaveWithoutCommit(now: now, &commands)
            if isStopped { return }
        }
        if !coordinator.isBusy {
            let numbers = Set(partitions.map(\.partition))
            let isDirty = tasks.contains {
                (sharesTransaction || numbers.contains($0.key)) && $0.value.isDirty
            }
            if isDirty { beginCommit(now: now, &commands) }
        }
        if !coordinator.isBusy { leave(&commands) }
    }

    /// Gives back what was revoked although the commit under way has not ended: nobody could take the partitions
    /// over while it is waited for, and that may take hours.
    func leaveWithoutCommit(now: EventTime, _ commands: inout [WorkerCommand]) {
        giveUpCommit(but: Set(leaving.map(\.partition)), &commands)
        leave(&commands)
        assign([], &commands)
        // The commit that was to be the last is gone.
        if isStopping { commitOrLeave(now: now, &commands) }
    }

    /// Drops partitions that are somebody else's: nothing of theirs may be committed.
    func lose(
        _ partitions: [TopicPartition], now: EventTime, _ commands: inout [WorkerCommand]
    ) {
        let numbers = Set(partitions.map(\.partition))
        for number in numbers { troubles.blocked[number] = nil }
        giveUpCommit(but: numbers, &commands)
        leaving.removeAll { partitions.contains($0) }
        drop(numbers, givingBack: partitions, &commands)
        waiting.subtract(partitions)
        commands.append(.release(partitions))
        if !coordinator.isBusy { leave(&commands) }
        forgetFailuresOfGoneTasks(&commands)
        assign([], &commands)
        // The commit that was to be the last is gone.
        if isStopping { commitOrLeave(now: now, &commands) }
        for task in sortedTasks { resume(task, &commands) }
    }

    /// Releases the partitions that were revoked.
    func leave(_ commands: inout [WorkerCommand]) {
        guard !leaving.isEmpty else { return }
        waiting.subtract(leaving)
        // Their last commit may have failed, which is their next owner's to find out.
        for partition in leaving { troubles.blocked[partition.partition] = nil }
        flushHeld(&commands)
        drop(Set(leaving.map(\.partition)), givingBack: leaving, &commands)
        commands.append(.release(leaving))
        leaving.removeAll()
        forgetFailuresOfGoneTasks(&commands)
    }

    /// Ends tasks; inputs of theirs that stay with this member wait for their siblings to come back.
    private func drop(
        _ numbers: Set<Int32>, givingBack partitions: [TopicPartition],
        _ commands: inout [WorkerCommand]
    ) {
        for number in numbers.sorted() {
            let wasClaiming = claiming.removeValue(forKey: number) != nil
            guard tasks.removeValue(forKey: number) != nil || wasClaiming else { continue }
            reading.subtract(inputs(of: number))
            let kept = inputs(of: number).filter { !partitions.contains($0) }
            if kept.isEmpty { continue }
            // Reading stops before the state is dropped and starts again at the authority's offsets.
            commands.append(.release(kept))
            waiting.formUnion(kept)
        }
    }

    /// Starts tasks anew from what the authority names; the others go on.
    func reclaim(_ numbers: [Int32], _ commands: inout [WorkerCommand]) {
        drop(Set(numbers), givingBack: [], &commands)
        if coordinator.isBusy { return }
        for task in sortedTasks {
            task.goOn()
            resume(task, &commands)
        }
    }

    /// Gives up what is open that tasks take part in that are leaving.
    private func giveUpCommit(but numbers: Set<Int32>, _ commands: inout [WorkerCommand]) {
        if sharesTransaction {
            abandonTransaction(but: numbers, &commands)
        } else if let commit = coordinator.current, !numbers.isDisjoint(with: commit.tasks) {
            // The commit may or may not happen for the others: they ask the authority again.
            reclaim(coordinator.abandon().filter { !numbers.contains($0) }, &commands)
        }
    }

    /// Gives the open transaction up, with whatever is being decided of it, and starts every task anew that
    /// has a part in it; those of `lost` are gone.
    private func abandonTransaction(but lost: Set<Int32>, _ commands: inout [WorkerCommand]) {
        commands.append(.abandon)
        reclaim(abandonCommit().subtracting(lost).sorted(), &commands)
    }

    /// Forgets the commit under way.
    ///
    /// - Returns: the tasks that have a part in the open transaction.
    func abandonCommit() -> Set<Int32> {
        Set(coordinator.abandon()).union(
            tasks.filter { $0.value.isDirty && $0.value.phase == .running }.keys)
    }
}
