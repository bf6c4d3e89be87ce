internal import Dataflow
internal import Records
internal import State

/// One stage on one partition of its inputs: a state machine without a thread, a wait or a clock.
///
/// It is claimed from the authority, restored from the store, runs, and takes part in the commits of its
/// worker. What it holds is gone with it: state survives through the store alone.
final class StageTask {
    let id: TaskID
    /// Which claim of the worker it came from.
    let life: TaskLife
    let chain: TaskChain
    /// Whether other tasks learn event time from this one's markers.
    let announcesTime: Bool
    private(set) var phase = Phase.loading
    private(set) var inputs: [Input]
    private(set) var epoch: UInt64 = 0
    /// The checkpoints that the last decision named.
    private var checkpoints = CheckpointChain()
    /// What the operators keep.
    var weight = StateWeight()
    /// What it keeps of what the process may keep.
    let share: BudgetShare
    /// Why the task reads no more, although it is well: its state has reached its bound.
    var obstacle: DataflowError?
    var obstacleSince: EventTime?
    /// Records since the last commit.
    private(set) var recordsSinceCommit = 0
    /// Their bytes, keys and values.
    private(set) var bytesSinceCommit = 0
    /// How many of those were there when the state was looked at last.
    var glancedAt = (records: 0, bytes: 0)
    /// Whether the state may have outgrown a bound since the last commit: the next one weighs it.
    var mayBeTooLarge = false
    /// The newest event time of the recording whose end its inputs have come to; nil: they end for good.
    var recordingEnd: EventTime?
    /// When the operators were flushed last.
    private var flushedAt = EventTime.min
    /// Whether anything happened that the next commit has to record.
    private(set) var isDirty = false
    /// What the program keeps.
    private let fingerprints: [OperatorFingerprint]
    /// Whether the stage's commits are the group's offsets, which a cluster forgets after a while.
    private let commitsToGroup: Bool
    /// Whether the store knows that the task has begun.
    private var isBegun = false

    /// What a commit under way will have made true.
    private var pending: (position: CommitPosition, checkpoints: CheckpointChain)?
    /// Output that is written once the commit that accounts for it is decided.
    private var held: [OutputBatch] = []
    private(set) var heldBytes = 0
    /// How many checkpoints of the chain are restored.
    private var restored = 0
    /// The checkpoint that the authority named, until those that it builds on are restored.
    private var named: Checkpoint?
    /// Checkpoints of commits that others took part in and lost, with the time when they were found.
    private var losers: [(name: String, foundAt: EventTime)] = []

    init(
        id: TaskID, life: TaskLife, stage: Stage, chain: TaskChain, budget: StateBudget? = nil
    ) {
        self.id = id
        share = BudgetShare(budget)
        self.life = life
        commitsToGroup = stage.authority == .kafka
        announcesTime = !stage.exchanges.isEmpty || !stage.handoffs.isEmpty
        self.chain = chain
        inputs = chain.inputs.compactMap { input in
            input.topic.map {
                Input(
                    topic: TopicPartition(topic: $0, partition: id.partition), chain: input)
            }
        }
        fingerprints = chain.snapshot(.everything).fingerprints
    }

    var hasState: Bool { !fingerprints.isEmpty }

    // MARK: Starting

    /// Takes the authority's word.
    ///
    /// - Returns: the checkpoint to load; nil when there is none.
    func claimed(_ position: CommitPosition?) -> CheckpointRef? {
        for index in inputs.indices {
            inputs[index].position = position?.offsets[inputs[index].topic]
        }
        guard let ref = position?.checkpoint else { return nil }
        epoch = ref.epoch
        return ref.manifestChecksum == 0 ? nil : ref
    }

    /// Begins to restore the state.
    ///
    /// - Parameter named: the checkpoint that the authority named; nil: there is none.
    /// - Returns: the first checkpoint that is to be read before; nil when all is restored.
    /// - Throws: `.incompatibleState` with a table of the operators, `.corruptCheckpoint`.
    func restore(_ named: Checkpoint?) throws(DataflowError) -> (Checkpoint.Link, index: Int)? {
        guard checkpoints.links.isEmpty else { return nil }
        guard let named else {
            isDirty = true
            phase = .starting
            return nil
        }
        try FingerprintCheck(checkpoint: named.fingerprints, program: fingerprints).verify()
        checkpoints = CheckpointChain(
            restored: named.chain + [named.link(named: name(named.epoch, named.attempt))],
            pass: named.pass)
        self.named = named
        return try next(at: 0)
    }

    /// Restores what one checkpoint holds, and the named one behind the last.
    ///
    /// - Returns: the checkpoint that is to be read next; nil when all is restored.
    func restore(
        _ checkpoint: Checkpoint, at index: Int
    ) throws(DataflowError) -> (Checkpoint.Link, index: Int)? {
        // A second answer to one question is no news.
        guard index == restored, index + 1 < checkpoints.links.count else { return nil }
        try apply(checkpoint, at: index)
        return try next(at: index + 1)
    }

    private func next(at index: Int) throws(DataflowError) -> (Checkpoint.Link, index: Int)? {
        restored = index
        if index + 1 < checkpoints.links.count { return (checkpoints.links[index], index) }
        if let named { try apply(named, at: index) }
        named = nil
        phase = .starting
        return nil
    }

    private func apply(_ checkpoint: Checkpoint, at index: Int) throws(DataflowError) {
        checkpoints.weigh(checkpoint.sections.count, at: index)
        // No less than the state; how much it is the commits tell that write keys of it.
        share.set(checkpoints.weight, estimated: checkpoints.weight)
        chain.context.room = share.room
        let keys = (named ?? checkpoint).keysByOperator
        do throws(CodecError) {
            let reader = try SnapshotReader(
                all: index == 0, isLast: index == checkpoints.links.count - 1,
                keys: keys, bytes: checkpoint.sections)
            try chain.restore(reader)
            weight.restore(reader.sectionBytes, keys: keys)
        } catch {
            throw DataflowError(
                .corruptCheckpoint, domain: .external,
                "the checkpoint of \(id) can't be restored: \(error)")
        }
    }

    /// Sorts the checkpoints that the store holds beside the task's own.
    ///
    /// - Returns: those that no decision can name any more.
    func found(_ others: [String], now: EventTime) -> [String] {
        let garbage = others.filter { Checkpoint.epoch(inName: $0) ?? .max < epoch }
        losers = others.dropFirst(garbage.count).map { ($0, now) }
        return garbage
    }

    /// Runs, from where the reader stands.
    func started(_ offsets: [TopicPartition: Offset]) {
        for index in inputs.indices where inputs[index].position == nil {
            inputs[index].position = offsets[inputs[index].topic]
        }
        phase = .running
    }

    // MARK: Running

    /// Sends a batch through the chain.
    func receive(_ batch: RecordBatch, now: EventTime) {
        guard let index = inputs.firstIndex(where: { $0.topic == batch.partition }) else { return }
        chain.context.now = now
        inputs[index].idleSince = nil
        chain.context.batch = batch
        inputs[index].chain.receive(batch)
        // Its records are gone when this call returns.
        chain.context.batch = nil
        if let next = batch.next { inputs[index].position = next }
        recordsSinceCommit += batch.records.count
        bytesSinceCommit += batch.bytes
        isDirty = true
    }

    /// Notes that a partition has nothing more to read.
    func reachedEnd(_ partition: TopicPartition, _ offset: Offset, now: EventTime) {
        guard let index = inputs.firstIndex(where: { $0.topic == partition }) else { return }
        if inputs[index].idleSince == nil { inputs[index].idleSince = now }
        if offset > inputs[index].position ?? Offset(-1) {
            // Markers of transactions lie between: whoever watches lag is to see that nothing is left.
            inputs[index].position = offset
            isDirty = true
        }
        endInputs(now: now)
    }

    /// Goes on behind records that are gone.
    func skip(_ partition: TopicPartition, to offset: Offset) {
        guard let index = inputs.firstIndex(where: { $0.topic == partition }) else { return }
        inputs[index].position = offset
        isDirty = true
    }

    /// Ends the inputs that have come to the end of the run; one whose end isn't named goes on.
    func finish(at ends: [TopicPartition: Offset], now: EventTime) {
        for index in inputs.indices {
            if let end = ends[inputs[index].topic] { inputs[index].end = end }
        }
        endInputs(now: now)
    }

    private func endInputs(now: EventTime) {
        guard phase == .running else { return }
        for index in inputs.indices where !inputs[index].hasEnded {
            guard let end = inputs[index].end else { continue }
            if inputs[index].position ?? Offset(0) >= end {
                inputs[index].hasEnded = true
                chain.context.now = now
                if recordingEnd == nil {
                    inputs[index].chain.end()
                } else {
                    // Others go on behind it: event time is taken as far as is needed, and not to its end.
                    inputs[index].chain.tick(tick(of: inputs[index], now: now, isBounded: true))
                }
                isDirty = true
            }
        }
    }

    /// Tells the operators the time.
    func tick(now: EventTime, isBounded: Bool) {
        chain.context.now = now
        for input in inputs { input.chain.tick(tick(of: input, now: now, isBounded: isBounded)) }
        // Event time may have followed the clock, and whoever reads our markers waits for them; beside that a
        // marker is due now and then, so that silence can be told from death.
        let isMarkerDue =
            now.millisecondsSince(flushedAt) >= ExchangeWriter.markerIntervalMilliseconds
            || now < flushedAt
        // What has become less meanwhile is only seen by a commit.
        if obstacle != nil { isDirty = true }
        if announcesTime && (chain.context.hasNewTime || isMarkerDue) || pendingRows > 0 {
            isDirty = true
        }
        endInputs(now: now)
    }

    private func tick(of input: Input, now: EventTime, isBounded: Bool) -> Tick {
        Tick(
            now: now, idleSince: input.hasEnded ? input.idleSince ?? now : input.idleSince,
            isBounded: isBounded, recordingEnd: recordingEnd)
    }

    /// The newest event time of a record that it has read; nil before the first.
    var newestTime: EventTime? {
        chain.context.newestTime == .min ? nil : chain.context.newestTime
    }

    /// Takes what the operators have written so far.
    func takeOutputs() -> OutputBatch? {
        if chain.context.outputs.isEmpty { return nil }
        isDirty = true
        let batch = chain.context.outputs
        chain.context.outputs.removeAll()
        return batch
    }

    /// Keeps output back until the next commit is decided.
    func hold(_ outputs: OutputBatch) {
        heldBytes += outputs.bytes.count
        held.append(outputs)
    }

    /// Hands over what was kept back.
    func takeHeld() -> [OutputBatch] {
        defer { held = [] }
        heldBytes = 0
        return held
    }

    // MARK: Committing

    /// Stands still while a commit is under way that it has nothing to add to.
    func pause() { if phase == .running { phase = .committing } }

    /// Goes on behind a commit that it took no part in.
    func goOn() { if phase == .committing, pending == nil { phase = .running } }

    /// Flushes the operators and freezes what the commit will record.
    ///
    /// - Returns: the decision to ask for and the checkpoint that must be durable before.
    func prepare(
        attempt: UInt64, now: EventTime, _ options: WorkerOptions
    ) -> (decision: CommitDecision, write: CheckpointWrite?) {
        phase = .committing
        chain.context.now = now
        chain.flush()
        flushedAt = now
        epoch += 1
        var offsets: [TopicPartition: Offset] = [:]
        for input in inputs { if let position = input.position { offsets[input.topic] = position } }
        var ref = CheckpointRef(epoch: epoch, attempt: attempt, manifestChecksum: 0)
        var write: CheckpointWrite?
        var next = checkpoints
        if hasState {
            let scope = checkpoints.nextScope(
                stateBytes: weight.bytes > 0 ? weight.bytes : checkpoints.weight, options)
            let snapshot = chain.snapshot(scope)
            weigh(snapshot, now: now, options)
            let checkpoint = Checkpoint(
                epoch: epoch, attempt: attempt, chain: checkpoints.base(of: scope),
                fingerprints: snapshot.fingerprints, keys: snapshot.sizes.map(\.keys),
                pass: checkpoints.pass(behind: scope), sections: snapshot.bytes.bytes[...])
            let encoded = checkpoint.encoded()
            ref = encoded.ref
            let name = name(epoch, attempt)
            write = CheckpointWrite(name: name, bytes: encoded.bytes)
            next = checkpoints.adding(
                checkpoint.link(named: name), bytes: checkpoint.sections.count, scope)
        } else if commitsToGroup, epoch > 1, !isBegun {
            write = CheckpointWrite(name: BegunMarker.name(of: id), bytes: BegunMarker.bytes)
        }
        let position = CommitPosition(offsets: offsets, checkpoint: ref)
        pending = (position, next)
        let (tables, letters) = chain.context.changes(
            of: "\(epoch)-\(String(attempt, radix: 16))")
        return (
            CommitDecision(task: id, position: position, tables: tables, letters: letters), write
        )
    }

    /// The commit happened.
    ///
    /// - Parameter isOld: whether a time lies so far back that no commit begun before can still be decided.
    /// - Returns: the names of checkpoints that nothing names any more.
    func decided(isOld: (EventTime) -> Bool) -> [String] {
        guard let pending else { return [] }
        self.pending = nil
        let kept = Set(pending.checkpoints.links.map(\.name))
        let garbage =
            checkpoints.links.map(\.name).filter { !kept.contains($0) }
            + losers.filter { isOld($0.foundAt) }.map(\.name)
        losers.removeAll { isOld($0.foundAt) }
        checkpoints = pending.checkpoints
        isBegun = epoch > 1
        chain.context.removeChanges()
        (recordsSinceCommit, bytesSinceCommit, glancedAt) = (0, 0, (0, 0))
        isDirty = false
        phase = .running
        return garbage
    }
}
