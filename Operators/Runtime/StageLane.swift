internal import Dataflow
public import Records

/// Carries out the commands of one ``StageWorker`` with blocking clients: the half of a driver that belongs
/// to one stage on one thread.
public final class StageLane {
    /// The state machine that is driven.
    public let worker: StageWorker
    /// The outside world.
    public let services: LaneServices
    private let runner: CommandRunner
    private let answer: (UInt64, DataflowError?) -> Void
    private var reads: [TopicPartition] = []
    /// What stopped to be asked for while a round of reads was under way.
    private var withheld: Set<TopicPartition> = []
    private var tickets: [UInt64: UInt64] = [:]
    private var lastToken: UInt64 = 0
    /// The push of which a piece was handed over last, and why one of its pieces was not taken: those behind that
    /// one are not tried.
    private var openPush: (ticket: UInt64, error: DataflowError?)?
    private var wakeTime = WakeTime()
    /// Commands behind a produce that the client refused for the moment, that produce first.
    private var stalled: [WorkerCommand] = []
    private var gate: OutputGate
    /// Checkpoints to be read one a turn, so that the thread's other tasks run meanwhile.
    private var loads: [WorkerCommand] = []
    /// What the commits so far have taken.
    private(set) var commits = CommitTimes()
    /// The commit under way, and when it began.
    private var commitUnderWay: (id: UInt64, since: EventTime)?
    /// How often each kind of attempt has failed, with which code.
    private(set) var failures: [String: Int] = [:]
    /// Where inputs end, once they were asked to end; nil before.
    var knownEnds: [TopicPartition: Offset]?
    var finishAskedAt = EventTime.min
    /// Whether the group has given this member anything yet.
    private(set) var wasAssigned = false
    let clock: any EventClock
    /// Whether the worker has come to its end.
    public private(set) var isStopped = false
    /// What it ended with; nil for an orderly end.
    public private(set) var failure: DataflowError?

    /// The most records that one read hands over.
    static let batchLimit = 1_024

    /// Makes a lane.
    ///
    /// - Parameter answer: called with the fate of each push.
    public init(
        worker: StageWorker, run: String, services: LaneServices, clock: any EventClock,
        answer: @escaping (UInt64, DataflowError?) -> Void = { _, _ in }
    ) {
        self.worker = worker
        self.services = services
        runner = CommandRunner(run: run, stage: worker.stage.name, services)
        self.clock = clock
        self.answer = answer
        gate = OutputGate(worker.options)
        worker.pace = { clock.realMilliseconds(for: $0) }
    }

    /// How often each kind of attempt has failed, those included that nothing depends on.
    var countedFailures: [String: Int] {
        guard let count = services.reader?.failedAnnouncements, count > 0 else { return failures }
        return failures.merging(["announce": count]) { $1 }
    }

    /// Takes an event in and carries out what follows from it.
    public func handle(_ event: WorkerEvent) { settle([event]) }

    private func settle(_ first: [WorkerEvent]) {
        var events = first
        var index = 0
        while index < events.count, !isStopped {
            gate.heard(events[index], waiting: &stalled)
            let commands = worker.step(now: clock.now(), events[index])
            for command in commands { execute(command, &events) }
            index += 1
        }
    }

    /// Carries out what waits behind a refused produce, if it is taken now.
    private func unstall() {
        guard !stalled.isEmpty, gate.isOpen(at: clock.now()) else { return }
        let commands = stalled
        stalled = []
        var events: [WorkerEvent] = []
        // What was asked for may belong to a commit that was given up meanwhile.
        for command in commands where worker.isWanted(command) { execute(command, &events) }
        settle(events)
    }

    /// One round: group, deliveries, reads, clock.
    ///
    /// - Returns: whether there was anything to do.
    public func turn() -> Bool {
        if isStopped { return false }
        var worked = false
        do {
            for event in try services.reader?.poll() ?? [] {
                worked = true
                if case .assigned = event { wasAssigned = true }
                handle(groupEvent(event))
            }
        } catch {
            let error = dataflowError(error)
            note("poll", error)
            handle(.failed(.wake(at: clock.now()), error))
        }
        for report in services.writer?.poll() ?? [] {
            if let event = event(of: report) { handle(event) }
        }
        unstall()
        if !stalled.isEmpty { return worked }
        if loadNext() { worked = true }
        if knownEnds != nil { finishNewInputs() }
        if readOnce() { worked = true }
        let now = clock.now()
        if wakeTime.isDue(at: now) {
            wakeTime.tell(at: now)
            handle(.timer)
        }
        return worked
    }

    private func groupEvent(_ event: GroupEvent) -> WorkerEvent {
        switch event {
        case .assigned(let partitions): .assigned(partitions)
        case .revoked(let partitions): .revoked(partitions)
        case .lost(let partitions): .lost(partitions)
        case .failed(let error): .failed(.wake(at: clock.now()), error)
        }
    }

    /// What the worker is to hear of the fate of a batch.
    private func event(of report: DeliveryReport) -> WorkerEvent? {
        if let ticket = tickets.removeValue(forKey: report.token) {
            if let open = openPush, open.ticket == ticket {
                openPush = (ticket, open.error ?? report.error)
            }
            return .delivered(ticket: ticket, report.error)
        }
        guard let error = report.error else { return nil }
        note("produce", error)
        // Output without a ticket belongs to the next commit, whose flush reports it too; the task
        // must not go on as if it had been written.
        return .failed(.produce(OutputBatch(topics: []), ticket: nil), error)
    }

    /// Hands over one batch of each partition that was asked for and has one.
    private func readOnce() -> Bool {
        guard let reader = services.reader, !reads.isEmpty else { return false }
        var worked = false
        withheld.removeAll(keepingCapacity: true)
        for partition in reads {
            guard !isStopped, stalled.isEmpty, !withheld.contains(partition) else { continue }
            do {
                var got = false
                let end = try reader.read(partition, maximum: StageLane.batchLimit) { batch in
                    got = true
                    reads.removeAll { $0 == partition }
                    handle(.batch(batch))
                }
                worked = worked || got
                if !got, let end { handle(.reachedEnd(partition, end)) }
            } catch {
                var error = dataflowError(error)
                error.partition = error.partition ?? partition
                note("read", error)
                // The next turn reads again: a client mends its connections by itself.
                if error.retry != .backoff { handle(.failed(.read(partition), error)) }
            }
        }
        return worked
    }

    // MARK: Commands

    private func execute(_ command: WorkerCommand, _ events: inout [WorkerEvent]) {
        if !stalled.isEmpty { return stalled.append(command) }
        if gate.isVoid(command) { return }
        do {
            try carryOut(command, &events)
            gate.took(command)
        } catch {
            let error = dataflowError(error)
            note(command.name, error)
            if gate.refused(command, error, by: clock) {
                stalled.append(command)
            } else {
                events.append(.failed(command, error))
            }
        }
    }

    /// Reads one of the checkpoints that tasks are restored from.
    private func loadNext() -> Bool {
        guard !loads.isEmpty else { return false }
        let command = loads.removeFirst()
        guard worker.isWanted(command) else { return true }
        var events: [WorkerEvent] = []
        do {
            if let event = try runner.carryOut(command) { events.append(event) }
        } catch {
            let error = dataflowError(error)
            note(command.name, error)
            events.append(.failed(command, error))
        }
        settle(events)
        return true
    }

    /// Counts a failure and tells of it.
    private func note(_ attempt: String, _ error: DataflowError) {
        failures["\(attempt) \(error.code.rawValue)", default: 0] += 1
        services.trouble(attempt, error)
    }

    private func carryOut(_ command: WorkerCommand, _ events: inout [WorkerEvent]) throws {
        switch command {
        case .read(let partition):
            if !reads.contains(partition) { reads.append(partition) }
        case .withhold(let partitions): withhold(partitions)
        case .produce(let batch, let ticket): try produce(batch, ticket, &events)
        case .loadLink: loads.append(command)
        case .report(let error): note("run", error)
        case .wake(let time): wakeTime.ask(for: time)
        case .answer(let ticket, let error): answer(ticket, error)
        case .stopped(let error):
            failure = error
            isStopped = true
        default:
            if case .release(let partitions) = command {
                withhold(partitions)
            }
            noteBegin(of: command)
            guard let event = try runner.carryOut(command) else { return }
            noteEnd(event)
            events.append(event)
        }
    }

    private func noteBegin(of command: WorkerCommand) {
        switch command {
        case .prepare(let commit, let writes):
            commits.wrote(writes.reduce(0) { $0 + $1.bytes.count })
            if commitUnderWay?.id != commit { commitUnderWay = (commit, clock.now()) }
        case .flush(let commit), .decide(let commit, _):
            if commitUnderWay?.id != commit { commitUnderWay = (commit, clock.now()) }
        default: break
        }
    }

    private func noteEnd(_ event: WorkerEvent) {
        let id: UInt64
        switch event {
        case .decided(let commit), .decidedInPart(let commit, _): id = commit
        default: return
        }
        guard let begun = commitUnderWay, begun.id == id else { return }
        commits.add(clock.realMilliseconds(for: clock.now().millisecondsSince(begun.since)))
    }

    private func withhold(_ partitions: [TopicPartition]) {
        withheld.formUnion(partitions)
        reads.removeAll { partitions.contains($0) }
    }

    private func produce(
        _ batch: OutputBatch, _ ticket: UInt64?, _ events: inout [WorkerEvent]
    ) throws {
        if let ticket {
            if let error = lostPiece(of: ticket, &events) {
                return events.append(.delivered(ticket: ticket, error))
            }
            tickets[lastToken + 1] = ticket
        }
        lastToken += 1
        do {
            try services.writer?.write(batch, token: lastToken)
            try services.reached(.produced)
        } catch {
            tickets[lastToken] = nil
            guard let ticket else { throw error }
            // Whoever pushed can push again; nothing else depends on the record.
            openPush = (ticket, dataflowError(error))
            events.append(.delivered(ticket: ticket, dataflowError(error)))
        }
    }

    /// Why a piece of a push was not taken whose next piece is to be handed over; nil: as far as is known all were.
    private func lostPiece(of ticket: UInt64, _ events: inout [WorkerEvent]) -> DataflowError? {
        guard openPush?.ticket == ticket else {
            openPush = (ticket, nil)
            return nil
        }
        // A client may tell afterwards that it has refused a piece.
        if openPush?.error == nil {
            events += (services.writer?.poll() ?? []).compactMap { event(of: $0) }
        }
        return openPush?.error
    }

    private func dataflowError(_ error: any Error) -> DataflowError {
        error as? DataflowError
            ?? DataflowError(.invariant, domain: .internal, "unexpected error: \(error)")
    }
}
