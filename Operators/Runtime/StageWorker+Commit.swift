internal import Dataflow
internal import Records
internal import State

extension StageWorker {
    func isCommitDue(now: EventTime) -> Bool {
        guard !coordinator.isBusy, !stage.isPushed else { return false }
        if elapsed(since: coordinator.committedAt, now) >= options.commitIntervalMilliseconds {
            return true
        }
        var (records, rows) = (0, 0)
        for task in tasks.values {
            records += task.recordsSinceCommit
            rows += task.pendingRows
        }
        return records >= options.maximumRecordsPerCommit || rows >= options.maximumRowsPerCommit
    }

    /// Begins a commit of every task that has something to record.
    func beginCommit(now: EventTime, _ commands: inout [WorkerCommand]) {
        guard !coordinator.isBusy else { return }
        let taking = sortedTasks.filter { $0.phase == .running && $0.isDirty }
        guard !taking.isEmpty else { return coordinator.skip(now: now) }
        var decisions: [CommitDecision] = []
        var writes: [CheckpointWrite] = []
        for task in taking {
            let (decision, write) = task.prepare(
                attempt: random.next(), now: now, maximumDeltas: options.maximumDeltas)
            decisions.append(decision)
            if let write { writes.append(write) }
            if let outputs = task.takeOutputs() {
                commands.append(.produce(outputs, ticket: nil))
            }
            if let failure = task.chain.context.failure {
                return stop(with: failure, &commands)
            }
        }
        commands += coordinator.begin(
            decisions, writes: writes, producesOutput: stage.authority == .kafka)
    }

    func decided(_ commit: UInt64, now: EventTime, _ commands: inout [WorkerCommand]) {
        guard let numbers = coordinator.decided(commit, now: now) else { return }
        var garbage: [String] = []
        for number in numbers {
            guard let task = tasks[number] else { continue }
            garbage += task.decided()
        }
        if !garbage.isEmpty { commands.append(.collect(garbage)) }
        leave(&commands)
        if isStopping { return commitOrLeave(now: now, &commands) }
        for number in numbers { if let task = tasks[number] { resume(task, &commands) } }
    }

    /// On the way out: a last commit if there is something to record, then the end.
    func commitOrLeave(now: EventTime, _ commands: inout [WorkerCommand]) {
        if coordinator.isBusy || isStopped { return }
        let needsCommit = tasks.values.contains { $0.isDirty && $0.phase == .running }
        if needsCommit, !stage.isPushed {
            beginCommit(now: now, &commands)
            if coordinator.isBusy || isStopped { return }
        }
        stop(with: nil, &commands)
    }

    /// Decides what a failed command means.
    func failed(
        _ command: WorkerCommand, _ error: DataflowError, now: EventTime,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        if error.retry == .backoff {
            let pause = retries.pause(for: command, options, &random)
            guard let pause else { throw error }
            let time = now.advanced(byMilliseconds: pause)
            retries.add(command, at: time)
            return commands.append(.wake(at: time))
        }
        let isOwnership = error.code == .fenced || error.retry == .restart
        guard isOwnership else { throw error }
        switch command {
        case .decide, .prepare, .flush:
            // Never assume that it happened or that it didn't: ask the authority for each task.
            reclaim(coordinator.abandon(), &commands)
            leave(&commands)
            if isStopping { return stop(with: nil, &commands) }
            try assign([], now: now, &commands)
        default:
            throw error
        }
    }
}
