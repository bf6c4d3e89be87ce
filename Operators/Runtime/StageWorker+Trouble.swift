internal import Dataflow
public import Records
internal import State

/// Something that keeps partitions from being read.
public struct Obstacle: Sendable {
    /// The partition; nil: all of the worker's.
    public let partition: TopicPartition?
    /// Since when.
    public let since: EventTime
    /// What is in the way, and what can be done about it.
    public let error: DataflowError
    /// Whether nothing is read because of it; else the partition is read, and something of it is missing.
    public var isBlocking = true
}

/// What a worker keeps in mind of things that went wrong.
struct WorkerTroubles {
    /// A record that could not be decoded, and how often that was tried.
    struct Poison {
        var offset: Offset
        var tries: Int
    }

    /// Why a task is not run, since when, and when it is tried again.
    struct Blocked {
        var error: DataflowError
        var since: EventTime
        /// `.max`: it is being tried.
        var retryAt = EventTime.max
        /// How long the latest pause was.
        var pause: Int64 = 0
        /// How many commits in a row have failed; 0: it was something else.
        var refusals = 0

        /// Whether it was a commit that failed, so that nothing but a commit shows that it is over.
        var isOfCommit: Bool { refusals > 0 }
        /// Whether its next commit shows whether it is over.
        var isOnTrial: Bool { isOfCommit && retryAt == .max }
    }

    /// What failed so often in a row that nothing is read until it succeeds, with the time when that began.
    var outage: (error: DataflowError, since: EventTime)?
    /// Until when nothing is tried again.
    var restsUntil = EventTime.min
    /// The latest record of each partition that could not be decoded.
    var poison: [TopicPartition: Poison] = [:]
    /// Tasks that are not run for now, as their state has reached a bound in the midst of a batch or of its
    /// restore.
    var blocked: [Int32: Blocked] = [:]
    /// How often checkpoints of a task were missing that the authority had named.
    var missing: [Int32: Int] = [:]
    /// The task whose operators failed in the present step.
    var failed: Int32?

    /// How often the authority is asked again for a task whose checkpoints are missing.
    static let maximumMissing = 3
}

extension StageWorker {
    /// What keeps partitions from being read, or is missing of what was read, for people.
    public var obstacles: [Obstacle] {
        var obstacles: [Obstacle] = []
        if let outage = troubles.outage {
            obstacles.append(Obstacle(partition: nil, since: outage.since, error: outage.error))
        }
        for (number, blocked) in troubles.blocked.sorted(by: { $0.key < $1.key }) {
            for partition in inputs(of: number) {
                obstacles.append(
                    Obstacle(partition: partition, since: blocked.since, error: blocked.error))
            }
        }
        for task in sortedTasks {
            obstacles += task.gaps
            guard let error = task.obstacle, let since = task.obstacleSince else { continue }
            obstacles += task.topics.map { Obstacle(partition: $0, since: since, error: error) }
        }
        return obstacles
    }

    // MARK: Outages

    /// Whether records may be read: not while what they lead to can't be written.
    var mayRead: Bool {
        guard troubles.outage != nil else { return true }
        let isStuck =
            coordinator.isBusy
            && !retries.failing(atLeast: options.attemptsBeforeRest).isEmpty
        return now >= troubles.restsUntil && !isStuck
    }

    /// Stops reading when a command has failed too often in a row; its next try is the probe.
    func noteFailure(
        of command: WorkerCommand, _ error: DataflowError, pause: Int64,
        _ commands: inout [WorkerCommand]
    ) {
        guard RetryQueue.outageCommands.contains(command.name),
            retries.failures(of: command.name) >= options.attemptsBeforeRest
        else { return }
        troubles.restsUntil = now.advanced(byMilliseconds: pause)
        let running = sortedTasks.filter { $0.phase == .running }.flatMap(\.topics)
        commands.append(.withhold(running))
        reading.subtract(running)
        commands.append(.wake(at: troubles.restsUntil))
        guard troubles.outage == nil else { return }
        var told = error
        told.message = "nothing is read until it is over: \(error.message)"
        troubles.outage = (told, now)
        commands.append(.report(told))
    }

    /// Reads on when what had failed has succeeded.
    func noteSuccess(of names: String..., commands: inout [WorkerCommand]) {
        for name in names { retries.succeeded(name) }
        endOutageIfOver(&commands)
    }

    /// Forgets failures of commands whose tasks have left: nobody is going to try those again.
    func forgetFailuresOfGoneTasks(_ commands: inout [WorkerCommand]) {
        let phases = tasks.values.map(\.phase)
        if claiming.isEmpty, waiting.isEmpty { retries.succeeded("claim") }
        if !phases.contains(.loading) { retries.succeeded("load") }
        if !phases.contains(.starting) { retries.succeeded("start") }
        if tasks.isEmpty, claiming.isEmpty, waiting.isEmpty, !coordinator.isBusy {
            for name in RetryQueue.outageCommands { retries.succeeded(name) }
        }
        endOutageIfOver(&commands)
    }

    private func endOutageIfOver(_ commands: inout [WorkerCommand]) {
        guard troubles.outage != nil,
            retries.failing(atLeast: options.attemptsBeforeRest).isEmpty
        else { return }
        troubles.outage = nil
        troubles.restsUntil = .min
        assign([], &commands)
        for task in sortedTasks { resume(task, &commands) }
    }

    /// Tries again, at the end of a rest, what only reading can try: to write.
    func probe(_ commands: inout [WorkerCommand]) {
        guard troubles.restsUntil > .min, now >= troubles.restsUntil else { return }
        assign([], &commands)
        guard mayRead else { return }
        troubles.restsUntil = .min
        for task in sortedTasks { resume(task, &commands) }
    }

    // MARK: Records and bounds

    /// Goes on in spite of a failure of a task's operators, where that is possible.
    ///
    /// - Returns: whether the worker goes on.
    func survive(_ error: DataflowError, _ commands: inout [WorkerCommand]) -> Bool {
        guard putAside(error, &commands), let number = troubles.failed else { return false }
        startAnew(parties(of: number).sorted(), &commands)
        return true
    }

    /// Notes what is to become of the task whose operators have failed, if it can go on: it is to begin anew.
    ///
    /// - Returns: whether it can.
    func putAside(_ error: DataflowError, _ commands: inout [WorkerCommand]) -> Bool {
        guard let number = troubles.failed, error.retry == .never else { return false }
        switch error.code {
        case .undecodable:
            guard let partition = error.partition, let offset = error.offset else { return false }
            var poison =
                troubles.poison[partition].flatMap { $0.offset == offset ? $0 : nil }
                ?? WorkerTroubles.Poison(offset: offset, tries: 0)
            poison.tries += 1
            troubles.poison[partition] = poison
            var told = error
            told.message +=
                poison.tries < options.poisonTries
                ? "; it is read again" : "; it goes to the dead letters"
            commands.append(.report(told))
        case .limitExceeded:
            // Of a run that is to end nobody could say that it has.
            if ends != nil { return false }
            var told = error
            told.partition = told.partition ?? inputs(of: number).first
            // Each try costs the tasks that share its transaction what they have done since their last commit.
            let longest = options.longestBlockedRetryMilliseconds
            block(number, told, pauses: options.blockedRetryMilliseconds...longest, &commands)
        default: return false
        }
        return true
    }

    /// Puts tasks aside whose outputs are not taken, until they are tried again; the others go on.
    ///
    /// - Throws: the reason, in a run that is to end, when that was so too often in a row: of such a run nobody could
    ///   ever say that it has ended.
    func refuse(
        _ refused: [Int32: DataflowError], _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        if refused.isEmpty { return }
        let pauses =
            options.refusedRetryMilliseconds...options.longestRefusedRetryMilliseconds
        for (number, error) in refused.sorted(by: { $0.key < $1.key }) {
            let refusals = 1 + (troubles.blocked[number]?.refusals ?? 0)
            if ends != nil, !isAskedToStop, refusals >= options.refusedTries { throw error }
            // Whoever gets the partition finds it out.
            if leaving.contains(where: { $0.partition == number }) { continue }
            block(number, error, pauses: pauses, refusals: refusals, &commands)
        }
        reclaim(refused.keys.sorted(), &commands)
    }

    /// Whether a task's next commit shows whether what has blocked it is over: it is made as soon as there is
    /// something in it.
    func isOnTrial(_ task: StageTask) -> Bool {
        task.phase == .running && task.pendingRows > 0
            && troubles.blocked[task.id.partition]?.isOnTrial ?? false
    }

    /// Notes that a task has taken all that there is.
    func hasTakenAll(_ number: Int32) {
        if troubles.blocked[number]?.isOfCommit != true { troubles.blocked[number] = nil }
    }

    /// Notes that a commit of a task is decided, which mostly shows that it got over what had blocked it.
    func endBlock(of task: StageTask) {
        guard let blocked = troubles.blocked[task.id.partition] else { return }
        // A commit of something else than records, or rows, is no sign.
        let isOver =
            task.recordsSinceCommit > 0
            || blocked.isOfCommit && (task.pendingRows > 0 || task.isIdle)
        if isOver { troubles.blocked[task.id.partition] = nil }
    }

    /// The tasks that have to go back to their last commits when one of them fails: those that have a part in its
    /// transaction or in its commit.
    private func parties(of number: Int32) -> Set<Int32> {
        var parties: Set<Int32> = [number]
        if sharesTransaction {
            parties.formUnion(abandonCommit())
        } else if coordinator.current?.tasks.contains(number) ?? false {
            // The commit may or may not happen for the others: they ask the authority again.
            parties.formUnion(coordinator.abandon())
        }
        return parties
    }

    /// Notes that a task is not run until it is tried again: what it keeps may have become less by then.
    ///
    /// - Parameters:
    ///   - pauses: how long it is not tried, in milliseconds: each time twice as long, up to the end.
    ///   - refusals: how many commits in a row have failed; 0: it was none.
    private func block(
        _ number: Int32, _ error: DataflowError, pauses: ClosedRange<Int64>,
        refusals: Int = 0, _ commands: inout [WorkerCommand]
    ) {
        let before = troubles.blocked[number]
        var blocked = WorkerTroubles.Blocked(error: error, since: before?.since ?? now)
        blocked.refusals = refusals
        blocked.pause = min(
            max(2 * (before?.pause ?? 0), pauses.lowerBound), pauses.upperBound)
        blocked.retryAt = now.advanced(byMilliseconds: blocked.pause)
        troubles.blocked[number] = blocked
        // Ticks find out when it is time: a wake as late as that would silence the thread's other tasks.
        commands.append(.report(error))
    }

    /// Whether a task is not to be run.
    func isBlocked(_ number: Int32) -> Bool {
        troubles.blocked[number].map { $0.retryAt < .max } ?? false
    }

    /// Tries those tasks again whose time has come.
    func retryBlocked(_ commands: inout [WorkerCommand]) {
        let due = troubles.blocked.filter { $0.value.retryAt <= now }.keys.sorted()
        if due.isEmpty { return }
        for number in due { troubles.blocked[number]?.retryAt = .max }
        assign([], &commands)
    }

    /// Gives the restore of a task up for which there is no room in the process.
    ///
    /// - Returns: whether there is none.
    func isWithoutRoom(_ task: StageTask, _ commands: inout [WorkerCommand]) -> Bool {
        guard task.hasState, let budget,
            budget.bytes / StateBudget.restoreExcess > budget.maximumBytes,
            var error = budget.excess(of: task.id)
        else { return false }
        error.partition = task.topics.first
        let pause = options.blockedRetryMilliseconds
        block(task.id.partition, error, pauses: pause...pause, &commands)
        reclaim([task.id.partition], &commands)
        return true
    }

    /// Lets a task keep what it can't decode as dead letters, from the record on that was tried often enough.
    func excuse(_ task: StageTask) {
        for partition in task.topics {
            guard let poison = troubles.poison[partition], poison.tries >= options.poisonTries
            else { continue }
            task.chain.context.excuse(partition, from: poison.offset)
        }
    }

    /// Starts a task anew whose checkpoints don't fit what the authority has said, as another owner may have gone
    /// on meanwhile; a few times.
    func reclaimMissing(
        _ life: TaskLife, _ error: DataflowError, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        let count = troubles.missing[life.task, default: 0] + 1
        troubles.missing[life.task] = count
        if count > WorkerTroubles.maximumMissing {
            var error = error
            error.retry = .never
            throw error
        }
        reclaim([life.task], &commands)
        assign([], &commands)
    }

    /// Goes on behind a gap in the log, if the pipeline says so.
    func skipGap(
        _ partition: TopicPartition, _ error: DataflowError, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        guard let task = tasks[partition.partition],
            let input = task.inputs.first(where: { $0.topic == partition }),
            input.chain.skipsGaps, let offset = input.position ?? error.offset
        else { throw error }
        reading.remove(partition)
        commands.append(.withhold([partition]))
        commands.append(.skipGap(task.life, partition, from: offset))
    }

    func gapSkipped(
        _ life: TaskLife, _ partition: TopicPartition, from: Offset, to: Offset,
        _ commands: inout [WorkerCommand]
    ) {
        guard let task = tasks[life.task], task.life == life else { return }
        task.skip(partition, to: to)
        commands.append(
            .report(
                DataflowError(
                    .offsetOutOfRange, domain: .external,
                    "\(to.rawValue - from.rawValue) offsets are gone, and were skipped: "
                        + "the log begins at \(to)", partition: partition, offset: from)))
        resume(task, &commands)
    }
}
