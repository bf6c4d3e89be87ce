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
        // What was asked for and didn't come is asked for again when the commit has ended.
        commands.append(.withhold(taking.flatMap(\.topics)))
        for task in taking { reading.subtract(task.topics) }
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
        guard isWanted(command) else { return }
        switch command {
        case .produce, .flush:
            // Output is lost and nobody can say whose: all tasks go on from their last commits.
            guard error.retry != .never,
                retries.pause(for: command, now: now, options, &random) != nil
            else { throw error }
            _ = coordinator.abandon()
            startAnew(Array(tasks.keys), &commands)
        case .decide where error.code == .fenced || error.retry == .restart,
            .prepare where error.code == .fenced || error.retry == .restart:
            // Never assume that it happened or that it didn't: ask the authority for each task.
            startAnew(coordinator.abandon(), &commands)
        case .claim where error.retry == .restart, .load where error.retry == .restart,
            .start where error.retry == .restart:
            // The group may be about to take the task's partitions back.
            try retry(command, error, now: now, &commands)
        default:
            if error.retry == .backoff {
                try retry(command, error, now: now, &commands)
            } else if case .collect = command {
                // Garbage costs room and nothing else; the next base names none of it either.
            } else {
                throw error
            }
        }
    }

    private func retry(
        _ command: WorkerCommand, _ error: DataflowError, now: EventTime,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        let pause = retries.pause(for: command, now: now, options, &random)
        guard let pause else { throw error }
        let time = now.advanced(byMilliseconds: pause)
        retries.add(command, at: time)
        commands.append(.wake(at: time))
    }

    /// Starts tasks from what the authority names, or leaves them to the next owner on the way out.
    private func startAnew(_ numbers: [Int32], _ commands: inout [WorkerCommand]) {
        leave(&commands)
        reclaim(numbers, &commands)
        if isStopping { return stop(with: nil, &commands) }
        assign([], &commands)
    }

    /// Whether a command that failed is still to be carried out: its task or its commit may be gone.
    func isWanted(_ command: WorkerCommand) -> Bool {
        switch command {
        case .claim(let task, _): claiming.contains(task)
        case .load(let task, _): tasks[task]?.phase == .loading
        case .start(let positions):
            positions.keys.allSatisfy { tasks[$0.partition]?.phase == .starting }
        case .prepare(let commit, _), .flush(let commit), .decide(let commit, _):
            coordinator.current?.id == commit
        default: true
        }
    }
}
