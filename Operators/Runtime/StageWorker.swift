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
    /// Its bounds and intervals.
    public let options: WorkerOptions
    let makeChain: MakeChain
    /// How many real milliseconds pass while the clock advances by some: the driver's to set.
    public var pace: (Int64) -> Int64 = { $0 }
    /// What all tasks of the process may keep together, set before the first event; nil: anything.
    public var budget: StateBudget?
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
    var troubles = WorkerTroubles()
    /// The clock's time at the present event.
    private(set) var now = EventTime.min
    /// How many partitions the inputs have for good, where state or joined inputs need that; nil: any number.
    private let partitionBound: Int32?
    var ends: [TopicPartition: Offset]?
    /// The newest event time of the recording that has ended.
    private var recordingEnd: EventTime?
    var isStopping = false
    /// Whether somebody asked the worker to stop, so that others go on from its last commit.
    var isAskedToStop = false
    /// Whether it has come to its end; what it has asked for before is carried out all the same.
    public internal(set) var isStopped = false
    /// The inputs whose ends were reached and committed when the worker stopped in order.
    public private(set) var finished: [TopicPartition] = []
    var reading: Set<TopicPartition> = []
    /// Pushes whose output was cut into pieces.
    var pushes: [UInt64: OpenPush] = [:]

    /// Makes a worker.
    ///
    /// - Parameters:
    ///   - run: the run's name, a part of every checkpoint's name.
    ///   - seed: what attempts and pauses are drawn from; never used twice for one run.
    ///   - partitions: how many partitions its inputs have; a stage whose ``Stage/needsFixedPartitions`` refuses
    ///     those that are added later.
    public init(
        stage: Stage, run: String, options: WorkerOptions, seed: UInt64, partitions: Int32? = nil,
        makeChain: @escaping MakeChain
    ) {
        partitionBound = stage.needsFixedPartitions ? partitions : nil
        self.stage = stage
        self.run = run
        self.options = options
        self.makeChain = makeChain
        random = SeededGenerator(seed: seed)
    }

    /// Takes an event and says what is to be done.
    public func step(now: EventTime, _ event: WorkerEvent) -> [WorkerCommand] {
        if isStopped { return [] }
        self.now = now
        troubles.failed = nil
        var commands: [WorkerCommand] = []
        do throws(DataflowError) {
            try handle(event, now: now, &commands)
        } catch {
            if !survive(error, &commands) { stop(with: error, &commands) }
        }
        return commands
    }

    private func handle(
        _ event: WorkerEvent, now: EventTime, _ commands: inout [WorkerCommand]
    ) throws(DataflowError) {
        switch event {
        case .started(let life, let offsets):
            noteSuccess(of: "start", commands: &commands)
            try started(life, offsets, now: now, &commands)
        case .batch(let batch): try receive(batch, now: now, &commands)
        case .timer: try tick(now: now, &commands)
        case .reachedEnd(let partition, let offset):
            tasks[partition.partition]?.reachedEnd(partition, offset, now: now)
            hasTakenAll(partition.partition)
            try settle(partition.partition, &commands)
            try finishIfDone(now: now, &commands)
        case .assigned(let partitions):
            try checkPartitions(partitions)
            assign(partitions, &commands)
        case .revoked(let partitions): revoke(partitions, now: now, &commands)
        case .lost(let partitions): lose(partitions, now: now, &commands)
        case .claimed(let life, let position):
            try claimed(life, position, now: now, &commands)
        case .loaded(let life, let checkpoint, let others):
            noteSuccess(of: "load", commands: &commands)
            try loaded(life, checkpoint, others: others, now: now, &commands)
        case .linkLoaded(let life, let checkpoint, let index):
            noteSuccess(of: "load", commands: &commands)
            try linkLoaded(life, checkpoint, index, &commands)
        case .gapSkipped(let life, let partition, let from, let to):
            gapSkipped(life, partition, from: from, to: to, &commands)
        case .pushed(let ticket, let values):
            try push(values, ticket: ticket, now: now, &commands)
        case .delivered(let ticket, let error):
            delivered(ticket, error, &commands)
        case .prepared(let commit):
            if coordinator.current?.id == commit {
                noteSuccess(of: "prepare", commands: &commands)
            }
            commands += coordinator.prepared(commit)
        case .flushed(let commit):
            if coordinator.current?.id == commit {
                noteSuccess(of: "flush", "produce", commands: &commands)
            }
            commands += coordinator.flushed(commit)
        case .decided(let commit): try decided(commit, but: [:], now: now, &commands)
        case .decidedInPart(let commit, let refused):
            try decided(commit, but: refused, now: now, &commands)
        case .failed(let command, let error):
            try failed(command, error, now: now, &commands)
        case .recordingEnded(let newest):
            recordingEnd = newest
            for task in sortedTasks { task.recordingEnd = newest }
        case .finish(let ends): try finish(at: ends, now: now, &commands)
        case .stop:
            isStopping = true
            isAskedToStop = true
            // A last commit can't be waited for that nobody takes: others go on from the one before.
            if troubles.outage != nil { return stop(with: nil, &commands) }
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
                    epoch: task.epoch, newestTime: task.newestTime)
            }
        }
    }

    /// The input partitions that it has, whether they are read or not.
    public var partitions: [TopicPartition] {
        sortedTasks.flatMap(\.topics) + claiming.keys.sorted().flatMap(inputs) + waiting.sorted()
    }

    /// What the operators of all tasks have counted, in this life of each.
    public var counters: [TaskContext.Counter] { sortedTasks.flatMap(\.chain.context.counters) }

    /// How much each operator keeps in all tasks, as of their last checkpoints.
    public var stateSizes: [OperatorID: StateSize] {
        sortedTasks.reduce(into: [:]) { sizes, task in
            sizes.merge(task.weight.sizes) {
                StateSize(bytes: $0.bytes + $1.bytes, keys: $0.keys + $1.keys)
            }
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
        task.glance(options)
        if isCommitDue(now: now) { beginCommit(now: now, &commands) }
        resume(task, &commands)
    }

    func nextLife(of task: Int32) -> TaskLife {
        lives += 1
        return TaskLife(task: task, number: lives)
    }

    func makeTask(_ life: TaskLife, incarnation: UInt64) throws(DataflowError) -> StageTask {
        do {
            let task = StageTask(
                id: TaskID(run: run, stage: stage.name, partition: life.task), life: life,
                stage: stage, chain: try makeChain(life.task, incarnation), budget: budget)
            excuse(task)
            task.recordingEnd = recordingEnd
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
        if let failure = task.chain.context.failure {
            troubles.failed = partition
            throw failure
        }
        guard let outputs = task.takeOutputs() else { return }
        if holdsOutput {
            task.hold(outputs)
        } else {
            commands += produces(outputs)
        }
    }

    /// Hands output over in pieces that a client has room for, each of which may wait for it on its own.
    func produces(_ outputs: OutputBatch, ticket: UInt64? = nil) -> [WorkerCommand] {
        outputs.pieces(
            entries: options.maximumRecordsPerWrite, bytes: options.maximumBytesPerWrite
        ).map { .produce($0, ticket: ticket) }
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
        guard task.phase == .running, !isStopping, task.obstacle == nil, mayRead,
            !(coordinator.isBusy && isFull(task))
        else { return }
        for partition in task.topics where reading.insert(partition).inserted {
            commands.append(.read(partition))
        }
    }

    /// Whether a task holds as much as a commit takes; it reads on when the commit under way has ended.
    private func isFull(_ task: StageTask) -> Bool {
        task.pendingRows >= options.maximumRowsPerCommit
            || task.recordsSinceCommit >= options.maximumRecordsPerCommit
            || task.bytesSinceCommit >= options.maximumBytesPerCommit || task.mayBeTooLarge
            || task.heldBytes >= options.maximumHeldBytes
    }

    /// Refuses partitions that were added to a topic by whose key state is kept: its keys have moved.
    private func checkPartitions(_ partitions: [TopicPartition]) throws(DataflowError) {
        guard let bound = partitionBound,
            let added = partitions.first(where: { $0.partition >= bound })
        else { return }
        throw StageLayout.refusal(
            of: added.topic, stage: stage.name, from: bound, to: added.partition + 1)
    }

    // MARK: Time

    private func tick(now: EventTime, _ commands: inout [WorkerCommand]) throws(DataflowError) {
        for command in retries.due(now: now) where isWanted(command) { commands.append(command) }
        let isTick = elapsed(since: tickedAt, now) >= options.tickIntervalMilliseconds
        if isTick { tickedAt = now }
        // Asked for first: what fails below, or waits for room in a client, must not end the ticks.
        let next = min(
            tickedAt.advanced(byMilliseconds: options.tickIntervalMilliseconds),
            retries.earliest ?? .max)
        commands.append(.wake(at: next))
        if isTick {
            for task in sortedTasks where task.phase == .running {
                task.tick(now: now, isBounded: options.isBounded)
                try settle(task.id.partition, &commands)
            }
        }
        probe(&commands)
        retryBlocked(&commands)
        if isCommitDue(now: now) { beginCommit(now: now, &commands) }
        try finishIfDone(now: now, &commands)
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
        guard ends != nil, !isStopping else { return }
        // What reads no more comes to no end; whether a commit is taken after all is tried a few times more.
        if let obstacle = sortedTasks.lazy.compactMap(\.obstacle).first { throw obstacle }
        let blocked = troubles.blocked.filter { !$0.value.isOfCommit }
        if let first = blocked.min(by: { $0.key < $1.key }) { throw first.value.error }
        guard hasFinished else { return }
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
        let partitions = partitions
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
    /// The newest event time of a record that the task has read; nil before the first, and where event time comes
    /// from the stage before.
    public var newestTime: EventTime?
}
