internal import Dataflow
internal import Records
internal import Runtime
internal import State

/// One ``StageWorker`` with its clients, taken apart into single steps: a command is carried out, an answer
/// delivered, a batch handed over or the clock told, each when the driver says so.
///
/// Commands wait in one queue and answers in another, and both keep their order; what only notes something
/// (`read`, `withhold`, `wake`) takes effect with the step that asked for it.
final class SimulatedLane {
    let number: Int
    let worker: StageWorker
    let reader: SimulatedReader
    private let writer: SimulatedWriter
    private let authority: any CommitAuthority
    private let store: SimulatedStore
    private let run: String
    private let clock: ManualClock
    private let faults: FaultPlan?
    private var commands: [WorkerCommand] = []
    private var events: [WorkerEvent] = []
    private var reads: [TopicPartition] = []
    private var endsTold: [TopicPartition: Offset] = [:]
    private var freshTasks: Set<Int32> = []
    private var lastToken: UInt64 = 0
    private var stalledUntil = EventTime.min
    private(set) var wakeAt = EventTime.min
    private(set) var isStopped = false
    private(set) var failure: DataflowError?
    /// Inputs that the worker has been told the end of.
    var endedInputs: Set<TopicPartition> = []
    /// Inputs that were its own and at their ends when it stopped in order.
    private(set) var finishedInputs: Set<TopicPartition> = []
    var isLeaving = false

    init(
        number: Int, worker: StageWorker, reader: SimulatedReader, writer: SimulatedWriter,
        authority: any CommitAuthority, store: SimulatedStore, run: String, clock: ManualClock,
        faults: FaultPlan?
    ) {
        self.number = number
        self.worker = worker
        self.reader = reader
        self.writer = writer
        self.authority = authority
        self.store = store
        self.run = run
        self.clock = clock
        self.faults = faults
    }

    // MARK: What can happen next

    var hasAnswer: Bool { !isStopped && !events.isEmpty }
    var hasCommand: Bool { !commands.isEmpty && clock.now() >= stalledUntil }
    var hasNews: Bool { !isStopped && reader.hasNews }
    var isTimerDue: Bool { !isStopped && clock.now() >= wakeAt }
    var hasOutput: Bool { writer.hasWaiting }
    var isIdle: Bool { events.isEmpty && commands.isEmpty }

    /// Partitions of which a batch was asked for and is there, or whose end is not told yet.
    var readable: [TopicPartition] {
        isStopped || !events.isEmpty
            ? []
            : reads.filter { partition in
                guard let backlog = reader.backlog(of: partition) else { return true }
                return backlog > 0 || endsTold[partition] == nil
            }.sorted()
    }

    // MARK: Steps

    func step(_ event: WorkerEvent) {
        let owned = endedInputs.isEmpty ? [] : worker.progress.map(\.partition)
        for command in worker.step(now: clock.now(), event) {
            switch command {
            case .read(let partition):
                if !reads.contains(partition) { reads.append(partition) }
            case .withhold(let partitions): reads.removeAll { partitions.contains($0) }
            case .wake(let time): wakeAt = time
            case .release(let partitions):
                reads.removeAll { partitions.contains($0) }
                for partition in partitions { endsTold[partition] = nil }
                commands.append(command)
            case .stopped(nil):
                finishedInputs = endedInputs.intersection(owned)
                commands.append(command)
            default: commands.append(command)
            }
        }
    }

    func deliverAnswer() {
        if !events.isEmpty { step(events.removeFirst()) }
    }

    func poll() {
        do {
            for event in try reader.poll() {
                switch event {
                case .assigned(let partitions): events.append(.assigned(partitions))
                case .revoked(let partitions): events.append(.revoked(partitions))
                case .lost(let partitions): events.append(.lost(partitions))
                case .failed(let error): events.append(.failed(.wake(at: clock.now()), error))
                }
            }
        } catch {
            // As a driver that polls again at its next turn.
        }
    }

    func sendOutput() {
        writer.sendOne()
        for report in writer.takeReports() {
            if let error = report.error {
                events.append(.failed(.produce(OutputBatch(topics: []), ticket: nil), error))
            }
        }
    }

    /// - Returns: whether records were handed over.
    func read(_ partition: TopicPartition) -> Bool {
        var got = false
        do {
            let end = try reader.read(partition, maximum: .max) { batch in
                got = true
                reads.removeAll { $0 == partition }
                endsTold[partition] = nil
                step(.batch(batch))
            }
            if !got, let end {
                endsTold[partition] = end
                step(.reachedEnd(partition, end))
            }
        } catch {
            step(.failed(.read(partition), SimulatedLane.dataflowError(error)))
        }
        return got
    }

    /// Carries out the command at the head of the queue.
    func carryOut() {
        guard let command = commands.first else { return }
        do {
            try carryOut(command)
            commands.removeFirst()
        } catch {
            let error = SimulatedLane.dataflowError(error)
            if case .produce = command, error.retry == .backoff {
                // Nothing may overtake it: it stays at the head of the queue.
                stalledUntil = clock.now().advanced(byMilliseconds: 50)
            } else {
                commands.removeFirst()
                events.append(.failed(command, error))
            }
        }
    }

    private func carryOut(_ command: WorkerCommand) throws {
        switch command {
        case .claim(let task, let inputs):
            let position = try authority.claim(taskID(task), inputs: inputs)
            freshTasks.remove(task)
            if position == nil { freshTasks.insert(task) }
            events.append(.claimed(task: task, position))
        case .load(let task, let ref):
            let checkpoints = try CheckpointLoader(store)
                .load(taskID(task), ref, isFresh: freshTasks.contains(task))
            events.append(.loaded(task: task, checkpoints))
        case .start(let positions):
            var offsets: [TopicPartition: Offset] = [:]
            for (partition, offset) in positions { offsets[partition] = offset ?? Offset(0) }
            try reader.assign(offsets)
            events.append(.started(offsets))
        case .release(let partitions): try reader.unassign(partitions)
        case .produce(let batch, _):
            lastToken += 1
            try writer.write(batch, token: lastToken)
        case .prepare(let commit, let writes):
            if faults?.strikes(.storeRefused, oneIn: 8) ?? false { store.failNext(.refused) }
            if faults?.strikes(.storeUnheard, oneIn: 8) ?? false { store.failNext(.unheard) }
            for write in writes { try write.create(in: store) }
            events.append(.prepared(commit: commit))
        case .flush(let commit):
            try writer.flush(timeoutMilliseconds: 0)
            events.append(.flushed(commit: commit))
        case .decide(let commit, let decisions):
            try authority.decide(decisions)
            events.append(.decided(commit: commit))
        case .collect(let names): for name in names { try store.delete(name) }
        case .stopped(let error):
            failure = error
            isStopped = true
        case .read, .withhold, .wake, .answer: break
        }
    }

    private func taskID(_ partition: Int32) -> TaskID {
        TaskID(run: run, stage: worker.stage.name, partition: partition)
    }

    private static func dataflowError(_ error: any Error) -> DataflowError {
        error as? DataflowError
            ?? DataflowError(.invariant, domain: .internal, "unexpected error: \(error)")
    }

    /// The process dies: what its client had not sent is gone, and the group notices.
    func kill() {
        isStopped = true
        commands = []
        events = []
        writer.close()
        reader.close()
    }
}
