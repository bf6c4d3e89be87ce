internal import Records
internal import State

/// Carries out the commands of one stage on one thread that ask something of its clients: the same code under
/// the threaded driver and in a simulation.
public struct CommandRunner {
    private let run: String
    private let stage: String
    private let services: LaneServices

    /// Makes a runner.
    public init(run: String, stage: String, _ services: LaneServices) {
        self.run = run
        self.stage = stage
        self.services = services
    }

    /// Carries out a command.
    ///
    /// - Returns: what the worker is to hear of it; nil for a command without an answer.
    public func carryOut(_ command: WorkerCommand) throws -> WorkerEvent? {
        switch command {
        case .claim(let life, let inputs): return try claim(life, inputs)
        case .load(let life, let ref, let isFresh): return try load(life, ref, isFresh)
        case .loadLink(let life, let link, let index):
            let checkpoint = try CheckpointLoader(services.store).load(link)
            try services.reached(.restored)
            return .linkLoaded(life, checkpoint, index: index)
        case .skipGap(let life, let partition, let offset):
            return try skipGap(life, partition, offset)
        case .start(let life, let positions):
            let offsets = try resolve(positions)
            try services.reader?.assign(offsets)
            try services.reached(.started)
            return .started(life, offsets)
        case .release(let partitions):
            try services.reached(.releasing)
            try services.reader?.unassign(partitions)
            return nil
        case .prepare(let commit, let writes):
            for (index, write) in writes.enumerated() {
                if index > 0 { try services.reached(.preparing) }
                try write.create(in: services.store)
            }
            try services.reached(.prepared)
            return .prepared(commit: commit)
        case .flush(let commit):
            try services.writer?.flush(timeoutMilliseconds: services.flushTimeoutMilliseconds)
            try services.reached(.flushed)
            return .flushed(commit: commit)
        case .decide(let commit, let decisions):
            return try decide(commit, decisions)
        case .abandon:
            try services.authority?.abandon()
            try services.reached(.abandoned)
            return nil
        case .collect(let names):
            for name in names {
                try services.reached(.collecting)
                try services.store.delete(name)
            }
            return nil
        case .read, .withhold, .produce, .wake, .report, .answer, .stopped: return nil
        }
    }

    private func decide(
        _ commit: UInt64, _ decisions: [CommitDecision]
    ) throws -> WorkerEvent {
        var refused: [TaskID: DataflowError] = [:]
        do {
            try services.authority?.decide(decisions)
        } catch let part as TasksRefused {
            refused = part.reasons
        }
        try services.reached(.decided)
        if services.announcesProgress { announce(decisions.filter { refused[$0.task] == nil }) }
        if refused.isEmpty { return .decided(commit: commit) }
        let reasons = refused.map { ($0.key.partition, $0.value) }
        return .decidedInPart(commit: commit, refused: Dictionary(reasons) { first, _ in first })
    }

    private func announce(_ decisions: [CommitDecision]) {
        var offsets: [TopicPartition: Offset] = [:]
        for decision in decisions { offsets.merge(decision.position.offsets) { $1 } }
        services.reader?.announce(offsets)
    }

    /// Asks the authority where a task stands, if the task is still this member's: an owner that was fenced
    /// must not fence the one that came behind it.
    private func claim(_ life: TaskLife, _ inputs: [TopicPartition]) throws -> WorkerEvent {
        if let reader = services.reader, !reader.owns(inputs) {
            throw DataflowError(
                .fenced, domain: .external, retry: .restart,
                "the group no longer gives this member the task", partition: inputs.first)
        }
        let position = try services.authority?.claim(taskID(life), inputs: inputs)
        try check(position, life, inputs)
        try services.reached(.claimed)
        return .claimed(life, position)
    }

    /// Refuses an input that would begin afresh under state that has seen it: its records would count twice.
    private func check(
        _ position: CommitPosition?, _ life: TaskLife, _ inputs: [TopicPartition]
    ) throws {
        guard let position, let missing = inputs.first(where: { position.offsets[$0] == nil })
        else { return }
        throw DataflowError(
            .incompatibleState, domain: .external,
            "the authority has an offset for some inputs of \(taskID(life)) and none for this one: reset the "
                + "group or start under another name to begin afresh", partition: missing)
    }

    private func load(
        _ life: TaskLife, _ ref: CheckpointRef?, _ isFresh: Bool
    ) throws -> WorkerEvent {
        let loader = CheckpointLoader(services.store)
        let last = try loader.load(taskID(life), ref, isFresh: isFresh)
        let others = try loader.others(of: taskID(life), beside: last)
        try services.reached(.restored)
        return .loaded(life, last, others: others)
    }

    /// Makes the reader go on where a partition begins, behind records that retention has taken.
    private func skipGap(
        _ life: TaskLife, _ partition: TopicPartition, _ offset: Offset
    ) throws -> WorkerEvent? {
        guard let reader = services.reader else { return nil }
        let earliest = try reader.bounds(of: partition).earliest
        guard earliest > offset else {
            // The log ends in front of the offset: it is another log.
            throw DataflowError(
                .offsetOutOfRange, domain: .external,
                "the log begins at \(earliest) and no longer has \(offset): the topic was made anew; "
                    + "reset the group or start under another name", partition: partition,
                offset: offset)
        }
        // To let go of it now would be to answer a revocation, before the commit that it waits for.
        guard !reader.isGivingBack else {
            throw DataflowError(
                .fenced, domain: .external, retry: .backoff,
                "the group waits for partitions to be given back", partition: partition,
                offset: offset)
        }
        try reader.unassign([partition])
        try reader.assign([partition: earliest])
        return .gapSkipped(life, partition, from: offset, to: earliest)
    }

    private func taskID(_ life: TaskLife) -> TaskID {
        TaskID(run: run, stage: stage, partition: life.task)
    }

    /// Finds the offsets at which partitions begin that were never read.
    private func resolve(
        _ positions: [TopicPartition: Offset?]
    ) throws -> [TopicPartition: Offset] {
        var resolved: [TopicPartition: Offset] = [:]
        for (partition, offset) in positions.sorted(by: { $0.key < $1.key }) {
            if let offset {
                resolved[partition] = offset
            } else if let bounds = try services.reader?.bounds(of: partition) {
                resolved[partition] = services.startsAtEnd ? bounds.end : bounds.earliest
            }
        }
        return resolved
    }
}
