internal import Dataflow
internal import Records
internal import Runtime
internal import State

/// Makes the mistake of a ``SeededBug`` between the engine and its clients.
struct Sabotage {
    let bug: SeededBug?
    let rewrite: ((Checkpoint) throws -> Checkpoint)?

    /// The producer that the engine gets.
    func producer(_ producer: SimulatedTransactionalWriter) -> any TransactionalWriter {
        switch bug {
        case .anonymousCommit, .erasedMetadata, .offsetsBeforeOutputs, .markerBeforeRecords:
            SabotagedWriter(producer, bug)
        default: producer
        }
    }

    /// What the worker hears instead of the truth.
    func event(_ event: WorkerEvent) throws -> WorkerEvent {
        switch event {
        case .loaded(let life, var last?, let others):
            if bug == .staleSnapshot, !last.chain.isEmpty {
                // What it builds on, without what it adds.
                last = last.misread(as: [])
            }
            return .loaded(life, try rewrite?(last) ?? last, others: others)
        case .linkLoaded(let life, let checkpoint, let index):
            return .linkLoaded(life, try rewrite?(checkpoint) ?? checkpoint, index: index)
        default: return event
        }
    }
}

/// A producer that hands on what it was not given.
private final class SabotagedWriter: TransactionalWriter {
    private let inner: SimulatedTransactionalWriter
    private let bug: SeededBug?

    init(_ inner: SimulatedTransactionalWriter, _ bug: SeededBug?) {
        self.inner = inner
        self.bug = bug
    }

    func send(
        _ offsets: [TopicPartition: CommittedOffset], as identity: any GroupIdentity
    ) throws {
        guard let member = identity as? SimulatedIdentity else { return }
        switch bug {
        case .anonymousCommit:
            let nobody = SimulatedIdentity(member.group, generation: -1, member: 0)
            try inner.send(offsets, as: nobody)
        case .erasedMetadata:
            let bare = offsets.mapValues { CommittedOffset(offset: $0.offset) }
            try inner.send(bare, as: identity)
        case .offsetsBeforeOutputs:
            member.group.apply(offsets)
            try inner.send(offsets, as: identity)
        default: try inner.send(offsets, as: identity)
        }
    }

    func write(_ batch: OutputBatch, token: UInt64) throws {
        guard bug == .markerBeforeRecords else { return try inner.write(batch, token: token) }
        func isMarker(_ entry: OutputBatch.Entry) -> Bool {
            guard batch.topics[entry.topic].hasSuffix(".repartition"), let value = entry.value
            else { return false }
            return batch.bytes[value].first == 1
        }
        var turned = batch
        turned.entries = batch.entries.filter(isMarker) + batch.entries.filter { !isMarker($0) }
        try inner.write(turned, token: token)
    }

    func takeOver() throws { try inner.takeOver() }
    func begin() throws { try inner.begin() }
    func commit() throws { try inner.commit() }
    func abort() throws { try inner.abort() }
    func partitionCount(of topic: String) throws -> Int32 {
        try inner.partitionCount(of: topic)
    }
    func poll() -> [DeliveryReport] { inner.poll() }
    func flush(timeoutMilliseconds: Int) throws {
        try inner.flush(timeoutMilliseconds: timeoutMilliseconds)
    }
    func close() { inner.close() }
}
