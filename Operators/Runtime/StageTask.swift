internal import Dataflow
internal import Records
internal import State

/// One stage on one partition of its inputs: a state machine without a thread, a wait or a clock.
///
/// It is claimed from the authority, restored from the store, runs, and takes part in the commits of its
/// worker. What it holds is gone with it: state survives through the store alone.
final class StageTask {
    /// Where a task is in its life.
    enum Phase: Equatable {
        /// The authority has answered, the store was asked.
        case loading
        /// The reader was asked to stand where the task goes on.
        case starting
        /// Records flow.
        case running
        /// Its state belongs to a commit that is under way; nothing flows.
        case committing
    }

    /// One input of the task.
    struct Input {
        let topic: TopicPartition
        let chain: StageInput
        /// The offset of the next record.
        var position: Offset?
        /// Since when the reader has stood at the partition's end.
        var idleSince: EventTime?
        /// Where the input ends, in a run that ends.
        var end: Offset?
        var hasEnded = false
    }

    let id: TaskID
    let chain: TaskChain
    /// Whether other tasks learn event time from this one's markers.
    let announcesTime: Bool
    private(set) var phase = Phase.loading
    private(set) var inputs: [Input]
    private(set) var epoch: UInt64 = 0
    /// The checkpoints that the last decision named, base first.
    private(set) var links: [Checkpoint.Link] = []
    /// Records since the last commit.
    private(set) var recordsSinceCommit = 0
    /// Whether anything happened that the next commit has to record.
    private(set) var isDirty = false
    /// What the program keeps.
    private let fingerprints: [OperatorFingerprint]

    /// What a commit under way will have made true.
    private var pending: (position: CommitPosition, links: [Checkpoint.Link])?

    init(id: TaskID, stage: Stage, chain: TaskChain) {
        self.id = id
        announcesTime = !stage.exchanges.isEmpty || !stage.handoffs.isEmpty
        self.chain = chain
        inputs = chain.inputs.compactMap { input in
            input.topic.map {
                Input(
                    topic: TopicPartition(topic: $0, partition: id.partition), chain: input)
            }
        }
        fingerprints = chain.snapshot(all: true).fingerprints
    }

    var topics: [TopicPartition] { inputs.map(\.topic) }
    var hasState: Bool { !fingerprints.isEmpty }
    var pendingRows: Int { chain.context.tables.reduce(0) { $0 + $1.rows.count } }

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

    /// Restores the state and runs.
    ///
    /// - Throws: `.incompatibleState` with a table of the operators, `.corruptCheckpoint`.
    func restore(_ checkpoints: [Checkpoint]) throws(DataflowError) {
        if let last = checkpoints.last {
            try FingerprintCheck(checkpoint: last.fingerprints, program: fingerprints).verify()
            links = last.chain + [last.link(named: name(last.epoch, last.attempt))]
        }
        do throws(CodecError) {
            for (index, checkpoint) in checkpoints.enumerated() {
                try chain.restore(
                    try SnapshotReader(all: index == 0, bytes: checkpoint.sections))
            }
        } catch {
            throw DataflowError(
                .corruptCheckpoint, domain: .external,
                "the checkpoint of \(id) can't be restored: \(error)")
        }
        phase = .starting
        isDirty = checkpoints.isEmpty
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
        inputs[index].chain.receive(batch)
        if let next = batch.next { inputs[index].position = next }
        recordsSinceCommit += batch.records.count
        isDirty = true
    }

    /// Notes that a partition has nothing more to read.
    func reachedEnd(_ partition: TopicPartition, _ offset: Offset, now: EventTime) {
        guard let index = inputs.firstIndex(where: { $0.topic == partition }) else { return }
        if inputs[index].idleSince == nil { inputs[index].idleSince = now }
        if offset > inputs[index].position ?? Offset(-1) { inputs[index].position = offset }
        endInputs(now: now)
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
                inputs[index].chain.end()
                isDirty = true
            }
        }
    }

    var hasEnded: Bool { inputs.allSatisfy(\.hasEnded) }

    /// Tells the operators the time.
    func tick(now: EventTime, isBounded: Bool) {
        chain.context.now = now
        for input in inputs {
            input.chain.tick(Tick(now: now, idleSince: input.idleSince, isBounded: isBounded))
        }
        // Event time may have followed the clock, and whoever reads our markers waits for them.
        if announcesTime || pendingRows > 0 { isDirty = true }
        endInputs(now: now)
    }

    /// Takes what the operators have written so far.
    func takeOutputs() -> OutputBatch? {
        if chain.context.outputs.isEmpty { return nil }
        isDirty = true
        let batch = chain.context.outputs
        chain.context.outputs.removeAll()
        return batch
    }

    // MARK: Committing

    /// Flushes the operators and freezes what the commit will record.
    ///
    /// - Returns: the decision to ask for and the checkpoint that must be durable before.
    func prepare(
        attempt: UInt64, now: EventTime, maximumDeltas: Int
    ) -> (decision: CommitDecision, write: CheckpointWrite?) {
        phase = .committing
        chain.context.now = now
        chain.flush()
        epoch += 1
        var offsets: [TopicPartition: Offset] = [:]
        for input in inputs { if let position = input.position { offsets[input.topic] = position } }
        var ref = CheckpointRef(epoch: epoch, attempt: attempt, manifestChecksum: 0)
        var write: CheckpointWrite?
        var next = links
        if hasState {
            let isBase = links.isEmpty || links.count > maximumDeltas
            let snapshot = chain.snapshot(all: isBase)
            let checkpoint = Checkpoint(
                epoch: epoch, attempt: attempt, chain: isBase ? [] : links,
                fingerprints: snapshot.fingerprints, sections: snapshot.bytes.bytes)
            let encoded = checkpoint.encoded()
            ref = encoded.ref
            let name = name(epoch, attempt)
            write = CheckpointWrite(name: name, bytes: encoded.bytes)
            next = checkpoint.chain + [checkpoint.link(named: name)]
        }
        let position = CommitPosition(offsets: offsets, checkpoint: ref)
        pending = (position, next)
        return (
            CommitDecision(
                task: id, position: position,
                tables: chain.context.tables.filter { !$0.rows.isEmpty }), write
        )
    }

    /// The commit happened.
    ///
    /// - Returns: the names of checkpoints that nothing names any more.
    func decided() -> [String] {
        guard let pending else { return [] }
        self.pending = nil
        let kept = Set(pending.links.map(\.name))
        let garbage = links.map(\.name).filter { !kept.contains($0) }
        links = pending.links
        for index in chain.context.tables.indices {
            chain.context.tables[index].rows.removeAll(keepingCapacity: true)
        }
        recordsSinceCommit = 0
        isDirty = false
        phase = .running
        return garbage
    }

    private func name(_ epoch: UInt64, _ attempt: UInt64) -> String {
        Checkpoint.name(task: id, epoch: epoch, attempt: attempt)
    }
}
