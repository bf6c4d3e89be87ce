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
    private let clients: SimulatedClients
    private let runner: CommandRunner
    private let clock: ManualClock
    private let faults: FaultPlan?
    private var commands: [WorkerCommand] = []
    private var events: [WorkerEvent] = []
    /// What was asked for, sorted.
    private var reads: [TopicPartition] = []
    private var endsTold: [TopicPartition: Offset] = [:]
    private var lastToken: UInt64 = 0
    private var gate: OutputGate
    private var wakeTime = WakeTime()
    /// Told what the worker reports.
    var report: (DataflowError) -> Void = { _ in }
    /// Told of each commit that was decided for some of its tasks only.
    var decidedInPart: () -> Void = {}
    /// Until when the worker stands still, whatever happens around it.
    var sleepsUntil = EventTime.min
    /// Whether the worker has died at a place of the commit protocol.
    private(set) var hasCrashed = false
    private(set) var isStopped = false
    private(set) var failure: DataflowError?
    /// Inputs that the worker has been told the end of.
    var endedInputs: Set<TopicPartition> = []
    /// Whether it may have got inputs since it was looked for such that it was not told the end of.
    var mayHaveNewInputs = true
    /// Inputs that were its own and at their ends when it stopped in order.
    private(set) var finishedInputs: Set<TopicPartition> = []
    var isLeaving = false

    init(number: Int, worker: StageWorker, run: String, clients: SimulatedClients) {
        self.number = number
        self.worker = worker
        self.clients = clients
        reader = clients.reader
        runner = CommandRunner(run: run, stage: worker.stage.name, clients.services)
        clock = clients.clock
        faults = clients.faults
        gate = OutputGate(worker.options)
    }

    // MARK: What can happen next

    var hasAnswer: Bool { !isStopped && !events.isEmpty }
    var hasCommand: Bool { !commands.isEmpty && gate.isOpen(at: clock.now()) }
    var hasNews: Bool { !isStopped && reader.hasNews }
    var isTimerDue: Bool {
        !isStopped && !worker.isStopped && wakeTime.isDue(at: clock.now())
    }
    var hasOutput: Bool { clients.queue?.hasWaiting ?? false && clock.now() >= clients.slowUntil }
    var isAboutToDecide: Bool {
        if case .decide = commands.first { true } else { false }
    }
    var isAsleep: Bool { clock.now() < sleepsUntil }
    /// Whether it sleeps, or has slept and not caught up with what happened meanwhile.
    var isDrowsy: Bool {
        isAsleep || (sleepsUntil > .min && (hasCommand || hasAnswer || hasNews))
    }

    /// Partitions of which a batch was asked for and is there, or whose end is not told yet.
    var readable: [TopicPartition] {
        isStopped || !events.isEmpty
            ? []
            : reads.filter { partition in
                guard let backlog = reader.backlog(of: partition) else { return true }
                return backlog > 0 || endsTold[partition] == nil
            }
    }

    // MARK: Steps

    func step(_ event: WorkerEvent) {
        if case .claimed = event { mayHaveNewInputs = true }
        for command in worker.step(now: clock.now(), event) {
            switch command {
            case .read(let partition):
                if !reads.contains(partition) {
                    reads.insert(
                        partition, at: reads.firstIndex { $0 > partition } ?? reads.endIndex)
                }
            case .withhold(let partitions):
                reads.removeAll { partitions.contains($0) }
                if clients.sabotage.bug == .pausedBatch { reader.skip(partitions) }
            case .wake(let time): wakeTime.ask(for: time)
            case .report(let error): report(error)
            case .release(let partitions):
                reads.removeAll { partitions.contains($0) }
                for partition in partitions { endsTold[partition] = nil }
                commands.append(command)
            case .stopped(nil):
                finishedInputs = Set(worker.finished)
                commands.append(command)
            default: commands.append(command)
            }
        }
    }

    func tellTime() {
        wakeTime.tell(at: clock.now())
        step(.timer)
    }

    func deliverAnswer() {
        guard !events.isEmpty else { return }
        if events.count > 1, events[0].isAnswer, events[1].isAnswer,
            faults?.strikes(.answerReordered, oneIn: 4) ?? false
        {
            events.swapAt(0, 1)
        }
        let event = events.removeFirst()
        gate.heard(event, waiting: &commands)
        if event.isAnswer, faults?.strikes(.answerDuplicated, oneIn: 20) ?? false {
            events.append(event)
        }
        step(event)
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
        if faults?.strikes(.slowSink, oneIn: 20) ?? false { return clients.slowDown() }
        for report in clients.sendOne() {
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
            if !gate.isVoid(command) {
                try carryOut(command)
                gate.took(command)
            }
            commands.removeFirst()
        } catch is SimulatedCrash {
            hasCrashed = true
        } catch {
            let error = SimulatedLane.dataflowError(error)
            // Nothing may overtake what waits for room: it stays at the head of the queue.
            if gate.refused(command, error, by: clock) { return }
            commands.removeFirst()
            events.append(.failed(command, error))
        }
    }

    private func carryOut(_ command: WorkerCommand) throws {
        switch command {
        case .produce(let batch, _):
            lastToken += 1
            try clients.services.writer?.write(batch, token: lastToken)
            try clients.services.reached(.produced)
        case .stopped(let error):
            failure = error
            isStopped = true
        case .read, .withhold, .wake, .report, .answer: break
        default:
            if case .prepare = command { clients.failStore() }
            guard let event = try runner.carryOut(command) else { return }
            if case .decide(_, let all) = command, case .decidedInPart(_, let refused) = event,
                refused.count < all.count
            {
                decidedInPart()
            }
            events.append(try clients.sabotage.event(event))
        }
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
        clients.kill()
    }

    /// The process ends in order.
    func close() { clients.close() }
}

extension WorkerEvent {
    /// Whether it answers a command, so that a real client's could be late or come twice.
    fileprivate var isAnswer: Bool {
        switch self {
        case .claimed, .loaded, .linkLoaded, .started, .prepared, .flushed, .decided,
            .decidedInPart:
            true
        default: false
        }
    }
}
