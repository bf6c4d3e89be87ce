internal import Dataflow
internal import Records
internal import State

extension StageWorker {
    func isCommitDue(now: EventTime) -> Bool {
        guard !coordinator.isBusy, !stage.isPushed else { return false }
        if elapsed(since: coordinator.committedAt, now) >= options.commitIntervalMilliseconds {
            return true
        }
        var (records, bytes, rows, held) = (0, 0, 0, 0)
        for task in tasks.values {
            records += task.recordsSinceCommit
            bytes += task.bytesSinceCommit
            rows += task.pendingRows
            held += task.heldBytes
            if task.mayBeTooLarge || isOnTrial(task) { return true }
        }
        return records >= options.maximumRecordsPerCommit || bytes >= options.maximumBytesPerCommit
            || rows >= options.maximumRowsPerCommit || held >= options.maximumHeldBytes
    }

    /// Begins a commit of every task that has something to record.
    func beginCommit(now: EventTime, _ commands: inout [WorkerCommand]) {
        guard !coordinator.isBusy else { return }
        let taking = sortedTasks.filter { $0.phase == .running && $0.isDirty }
        guard !taking.isEmpty else { return coordinator.skip(now: now) }
        let still = sharesTransaction ? sortedTasks.filter { $0.phase == .running } : taking
        // What was asked for and didn't come is asked for again when the commit has ended.
        commands.append(.withhold(still.flatMap(\.topics)))
        for task in still {
            reading.subtract(task.topics)
            if !task.isDirty { task.pause() }
        }
        var decisions: [CommitDecision] = []
        var writes: [CheckpointWrite] = []
        var failed: [Int32] = []
        for task in taking {
            let wasBlocked = task.obstacle != nil
            let (decision, write) = task.prepare(
                attempt: attempt(&random), now: now, options)
            if !wasBlocked, let obstacle = task.obstacle { commands.append(.report(obstacle)) }
            do throws(DataflowError) {
                try settle(task.id.partition, &commands)
            } catch {
                guard putAside(error, &commands) else { return stop(with: error, &commands) }
                failed.append(task.id.partition)
                continue
            }
            decisions.append(decision)
            if let write { writes.append(write) }
        }
        if !failed.isEmpty {
            // What the others have written lies in one transaction with what the failed ones have.
            if sharesTransaction { return startAnew(taking.map(\.id.partition), &commands) }
            reclaim(failed, &commands)
            if decisions.isEmpty { return coordinator.skip(now: now) }
        }
        commands += coordinator.begin(
            decisions, writes: writes,
            producesOutput: stage.authority == .kafka && !holdsOutput)
    }

    /// The commit happened, but for the tasks that are named.
    func decided(
        _ commit: UInt64, but refused: [Int32: DataflowError], now: EventTime,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        if coordinator.current?.id == commit { noteSuccess(of: "decide", commands: &commands) }
        guard coordinator.decided(commit, now: now) else { return }
        try refuse(refused, &commands)
        var garbage: [String] = []
        var held: [OutputBatch] = []
        for task in sortedTasks where task.phase == .committing {
            endBlock(of: task)
            garbage += task.decided { elapsed(since: $0, now) >= losersLifetimeMilliseconds }
            held += task.takeHeld()
            task.goOn()
        }
        commands += held.flatMap { produces($0) }
        if !garbage.isEmpty { commands.append(.collect(garbage)) }
        leave(&commands)
        if isStopping { commitOrLeave(now: now, &commands) }
        for task in sortedTasks { resume(task, &commands) }
    }

    /// For how long a commit that another began may still be decided.
    private var losersLifetimeMilliseconds: Int64 { 2 * options.transactionTimeoutMilliseconds }

    /// On the way out: a last commit if there is something to record, then the end.
    ///
    /// A worker that was about to end of itself goes on if it was given something more to do meanwhile.
    func commitOrLeave(now: EventTime, _ commands: inout [WorkerCommand]) {
        if coordinator.isBusy || isStopped { return }
        if !isAskedToStop, !hasFinished {
            isStopping = false
            return
        }
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
        case .produce where holdsOutput && error.retry != .never:
            // Its offsets are committed: it is lost, as was promised.
            break
        case .produce, .flush:
            // Output is lost and nobody can say whose: all tasks go on from their last commits.
            try countRestart(command, error, now: now, &commands)
            _ = coordinator.abandon()
            startAnew(Array(tasks.keys), &commands)
        case .decide where error.code == .fenced || error.retry == .restart,
            .prepare where error.code == .fenced || error.retry == .restart:
            // Never assume that it happened or that it didn't: ask the authority for each task.
            try countRestart(command, error, now: now, &commands)
            startAnew(coordinator.abandon(), &commands)
        case .read(let partition) where error.code == .offsetOutOfRange:
            try skipGap(partition, error, &commands)
        case .load(let life, _, _) where error.code != .storeUnavailable && error.retry == .restart,
            .loadLink(let life, _, _)
        where error.code != .storeUnavailable && error.retry == .restart:
            try reclaimMissing(life, error, &commands)
        case .claim where error.retry == .restart, .load where error.retry == .restart,
            .start where error.retry == .restart, .skipGap where error.retry == .restart:
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

    /// - Throws: the error, when it can't be mended or came for too long.
    private func countRestart(
        _ command: WorkerCommand, _ error: DataflowError, now: EventTime,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        let pause = retries.pause(for: command, now: now, options, &random)
        guard error.retry != .never, let pause else { throw error }
        noteFailure(of: command, error, pause: pause, &commands)
    }

    func retry(
        _ command: WorkerCommand, _ error: DataflowError, now: EventTime,
        _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        let pause = retries.pause(for: command, now: now, options, &random)
        guard let pause else { throw error }
        let time = now.advanced(byMilliseconds: pause)
        retries.add(command, at: time)
        commands.append(.wake(at: time))
        noteFailure(of: command, error, pause: pause, &commands)
        guard troubles.outage != nil else { return }
        // A last commit that was begun before the outage is not waited for either.
        if isAskedToStop { return stop(with: nil, &commands) }
        if !leaving.isEmpty { leaveWithoutCommit(now: now, &commands) }
    }

    /// Starts tasks from what the authority names, or leaves them to the next owner when asked to stop.
    func startAnew(_ numbers: [Int32], _ commands: inout [WorkerCommand]) {
        if sharesTransaction { commands.append(.abandon) }
        if !coordinator.isBusy { leave(&commands) }
        reclaim(numbers, &commands)
        if isAskedToStop {
            // A commit of others that is under way is their last.
            if !coordinator.isBusy { stop(with: nil, &commands) }
            return
        }
        // A run that was about to end has something left to do after all.
        isStopping = false
        assign([], &commands)
    }

    /// Whether a command that failed is still to be carried out: its task or its commit may be gone.
    func isWanted(_ command: WorkerCommand) -> Bool {
        switch command {
        case .claim(let life, _): claiming[life.task] == life
        case .load(let life, _, _), .loadLink(let life, _, _):
            tasks[life.task]?.life == life && tasks[life.task]?.phase == .loading
        case .skipGap(let life, _, _):
            tasks[life.task]?.life == life
        case .start(let life, _):
            tasks[life.task]?.life == life && tasks[life.task]?.phase == .starting
        case .prepare(let commit, _), .flush(let commit), .decide(let commit, _):
            coordinator.current?.id == commit
        case .read(let partition):
            tasks[partition.partition]?.phase == .running && reading.contains(partition)
        default: true
        }
    }
}
