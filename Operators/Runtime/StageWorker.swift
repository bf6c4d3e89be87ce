public import Dataflow
public import Records
internal import State

/// One stage on one thread of a worker process: its tasks, its membership, its commits.
///
/// A synchronous state machine: ``step(now:_:)`` takes an event and returns what is to be done. A driver
/// owns threads and blocking calls; the same machine runs under the threaded one and the simulated one.
public final class StageWorker {
    /// Makes the chain of a task: the partition, and the life that its markers carry.
    public typealias MakeChain = (_ partition: Int32, _ incarnation: UInt64) throws -> TaskChain

    /// What is run.
    public let stage: Stage
    let run: String
    let options: WorkerOptions
    let makeChain: MakeChain
    /// How many real milliseconds pass while the clock advances by some: the driver's to set.
    public var pace: (Int64) -> Int64 = { $0 }
    /// Names a try to commit: never twice the same.
    package var attempt: (inout SeededGenerator) -> UInt64 = { $0.next() }
    var random: SeededGenerator
    var tasks: [Int32: StageTask] = [:]
    /// Tasks whose authority was asked where they stand; they are built when it has answered.
    var claiming: [Int32: TaskLife] = [:]
    private var lives: UInt64 = 0
    var coordinator = CommitCoordinator()
    /// Input partitions that the group gave us and whose siblings are not all here yet.
    var waiting: Set<TopicPartition> = []
    /// Partitions to give back once the commit under way has ended.
    var leaving: [TopicPartition] = []
    var tickedAt = EventTime.min
    var retries = RetryQueue()
    var ends: [TopicPartition: Offset]?
    var isStopping = false
    /// Whether somebody asked the worker to stop, so that others go on from its last commit.
    var isAskedToStop = false
    var isStopped = false
    /// The inputs whose ends were reached and committed when the worker stopped in order.
    public private(set) var finished: [TopicPartition] = []
    var reading: Set<TopicPartition> = []

    /// Makes a worker.
    ///
    /// - Parameters:
    ///   - run: the run's name, a part of every checkpoint's name.
    ///   - seed: what attempts and pauses are drawn from; never used twice for one run.
    public init(
        stage: Stage, run: String, options: WorkerOptions, seed: UInt64,
        makeChain: @escaping MakeChain
    ) {
        self.stage = stage
        self.run = run
        self.options = options
        self.makeChain = makeChain
        random = SeededGenerator(seed: seed)
    }

    /// Takes an event and says what is to be done.
    public func step(now: EventTime, _ event: WorkerEvent) -> [WorkerCommand] {
        if isStopped { return [] }
        var commands: [WorkerCommand] = []
        do throws(DataflowError) {
            try handle(event, now: now, &commands)
        } catch {
            stop(with: error, &commands)
        }
        return commands
    }

    private func handle(
        _ event: WorkerEvent, now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        switch event {
        case .started(let life, let offsets): try started(life, offsets, now: now, &commands)
        case .batch(let batch): try receive(batch, now: now, &commands)
        case .timer: try tick(now: now, &commands)
        case .reachedEnd(let partition, let offset):
            tasks[partition.partition]?.reachedEnd(partition, offset, now: now)
            try settle(partition.partition, &commands)
            try finishIfDone(now: now, &commands)
        case .assigned(let partitions): assign(partitions, &commands)
        case .revoked(let partitions): revoke(partitions, now: now, &commands)
        case .lost(let partitions): lose(partitions, now: now, &commands)
        case .claimed(let life, let position):
            retries.succeeded("claim")
            try claimed(life, position, &commands)
        case .loaded(let life, let checkpoints, let others):
            retries.succeeded("load")
            try loaded(life, checkpoints, others: others, now: now, &commands)
        case .pushed(let ticket, let values):
            try push(values, ticket: ticket, now: now, &commands)
        case .delivered(let ticket, let error):
            commands.append(.answer(ticket: ticket, error))
        case .prepared(let commit):
            retries.succeeded("prepare")
            commands += coordinator.prepared(commit)
        case .flushed(let commit):
            retries.succeeded("flush")
            commands += coordinator.flushed(commit)
        case .decided(let commit):
            retries.succeeded("decide")
            decided(commit, now: now, &commands)
        case .failed(let command, let error):
            try failed(command, error, now: now, &commands)
        case .finish(let ends): try finish(at: ends, now: now, &commands)
        case .stop:
            isStopping = true
            isAskedToStop = true
            commitOrLeave(now: now, &commands)
        }
    }

    /// Real milliseconds since a time of the clock; a day at most, which is longer than every interval.
    ///
    /// A clock that was turned back makes everything due.
    func elapsed(since time: EventTime, _ now: EventTime) -> Int64 {
        let passed = now.millisecondsSince(time)
        return passed < 0 ? .max : pace(min(86_400_000, passed))
    }

    /// The tasks, by partition: nothing observable may depend on a dictionary's order.
    var sortedTasks: [StageTask] { tasks.values.sorted { $0.id < $1.id } }

    /// The event time and lag that each running task has come to, for people.
    public var progress: [TaskProgress] {
        sortedTasks.flatMap { task in
            task.inputs.map {
                TaskProgress(
                    partition: $0.topic, position: $0.position, end: $0.end,
                    idleSince: $0.idleSince,
                    isRunning: task.phase == .running || task.phase == .committing,
                    epoch: task.epoch)
            }
        }
    }

    /// What the operators of all tasks have counted, in this life of each.
    public var counters: [TaskContext.Counter] { sortedTasks.flatMap(\.chain.context.counters) }

    /// How many bytes of state each operator keeps in all tasks, as of their last whole checkpoints.
    public var stateBytes: [OperatorID: Int] {
        sortedTasks.flatMap(\.stateSizes).reduce(into: [:]) {
            $0[$1.operatorID, default: 0] += $1.bytes
        }
    }

    // MARK: Records

    private func receive(
        _ batch: RecordBatch, now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        let number = batch.partition.partition
        reading.remove(batch.partition)
        guard let task = tasks[number], task.phase == .running else { return }
        task.receive(batch, now: now)
        try settle(number, &commands)
        if isCommitDue(now: now) { beginCommit(now: now, &commands) }
        resume(task, &commands)
    }

    private func push(
        _ values: Any, ticket: UInt64, now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        let task = try pushTask()
        task.chain.context.now = now
        guard task.chain.inputs.contains(where: { $0.push(values) }) else {
            throw DataflowError(
                .invariant, domain: .internal, "pushed records are not of the source's type")
        }
        if let failure = task.chain.context.failure { throw failure }
        if let outputs = task.takeOutputs() {
            commands.append(.produce(outputs, ticket: ticket))
        } else {
            commands.append(.answer(ticket: ticket, nil))
        }
    }

    /// A stage without offsets has one task a thread; it needs no claim.
    private func pushTask() throws(DataflowError) -> StageTask {
        if let task = tasks[0] { return task }
        return try makeTask(nextLife(of: 0), incarnation: 1)
    }

    func nextLife(of task: Int32) -> TaskLife {
        lives += 1
        return TaskLife(task: task, number: lives)
    }

    func makeTask(_ life: TaskLife, incarnation: UInt64) throws(DataflowError) -> StageTask {
        do {
            let task = StageTask(
                id: TaskID(run: run, stage: stage.name, partition: life.task), life: life,
                stage: stage, chain: try makeChain(life.task, incarnation))
            tasks[life.task] = task
            return task
        } catch let error as DataflowError {
            throw error
        } catch {
            throw DataflowError(
                .invalidDefinition, domain: .user,
                "stage \(stage.name) could not be built: \(error)")
        }
    }

    /// The input partitions of a task.
    func inputs(of number: Int32) -> [TopicPartition] {
        stage.topics.map { TopicPartition(topic: $0, partition: number) }
    }

    /// Takes what a task's operators have written, and its failure if there is one.
    func settle(_ partition: Int32, _ commands: inout [WorkerCommand]) throws(DataflowError) {
        guard let task = tasks[partition] else { return }
        if let failure = task.chain.context.failure { throw failure }
        guard let outputs = task.takeOutputs() else { return }
        if holdsOutput {
            task.hold(outputs)
        } else {
            commands.append(.produce(outputs, ticket: nil))
        }
    }

    /// Whether the outputs of all tasks are one transaction, so that all of them commit together.
    var sharesTransaction: Bool {
        options.delivery == .exactlyOnce && stage.authority == .kafka
    }

    /// Whether output is written behind the commit that accounts for it.
    var holdsOutput: Bool { options.delivery == .atMostOnce && stage.authority == .kafka }

    /// Waits for the output that no commit waits for: whoever comes next writes behind it.
    func flushHeld(_ commands: inout [WorkerCommand]) {
        if holdsOutput { commands.append(.flush(commit: CommitCoordinator.noCommit)) }
    }

    /// Asks for the next batch of each input that has none asked for.
    func resume(_ task: StageTask, _ commands: inout [WorkerCommand]) {
        guard task.phase == .running, !isStopping else { return }
        for partition in task.topics where reading.insert(partition).inserted {
            commands.append(.read(partition))
        }
    }

    // MARK: Time

    private func tick(now: EventTime, _ commands: inout [WorkerCommand]) throws(DataflowError) {
        for command in retries.due(now: now) where isWanted(command) { commands.append(command) }
        if elapsed(since: tickedAt, now) >= options.tickIntervalMilliseconds {
            tickedAt = now
            for task in sortedTasks where task.phase == .running {
                task.tick(now: now, isBounded: options.isBounded)
                try settle(task.id.partition, &commands)
            }
        }
        if isCommitDue(now: now) { beginCommit(now: now, &commands) }
        try finishIfDone(now: now, &commands)
        let next = min(
            tickedAt.advanced(byMilliseconds: options.tickIntervalMilliseconds),
            retries.earliest ?? .max)
        commands.append(.wake(at: next))
    }

    /// Ends the inputs whose ends are known; those of others, that come later, go on until theirs are.
    private func finish(
        at ends: [TopicPartition: Offset], now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        let all = (self.ends ?? [:]).merging(ends) { $1 }
        self.ends = all
        for task in sortedTasks {
            task.finish(at: all, now: now)
            try settle(task.id.partition, &commands)
        }
        try finishIfDone(now: now, &commands)
    }

    func finishIfDone(
        now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        guard ends != nil, !isStopping, hasFinished else { return }
        isStopping = true
        commitOrLeave(now: now, &commands)
    }

    /// Whether every task is here and at the end of its inputs.
    var hasFinished: Bool {
        waiting.isEmpty && claiming.isEmpty
            && tasks.values.allSatisfy { $0.phase == .running && $0.hasEnded }
    }

    func stop(with error: DataflowError?, _ commands: inout [WorkerCommand]) {
        isStopped = true
        if error == nil {
            finished = sortedTasks.filter { $0.phase == .running && $0.hasEnded && !$0.isDirty }
                .flatMap(\.topics)
        }
        let partitions =
            sortedTasks.flatMap(\.topics) + claiming.keys.sorted().flatMap(inputs)
            + waiting.sorted()
        tasks.removeAll()
        // Nobody can take the partitions over before the transaction has come to its end.
        if sharesTransaction { commands.append(.abandon) }
        flushHeld(&commands)
        if !partitions.isEmpty { commands.append(.release(partitions)) }
        commands.append(.stopped(error))
    }
}

/// How far a task has come with one of its inputs.
public struct TaskProgress: Sendable {
    /// The input.
    public let partition: TopicPartition
    /// The offset of the next record; nil before the first.
    public let position: Offset?
    /// Where the input ends, in a run that is to end.
    public let end: Offset?
    /// Since when there has been nothing to read.
    public let idleSince: EventTime?
    /// Whether records flow.
    public let isRunning: Bool
    /// How many commits the task has behind it.
    public let epoch: UInt64
}
