internal import Records
public import State

/// Reads the checkpoints that make up a task's state, and trusts none whose checksum differs.
public struct CheckpointLoader {
    private let store: any CheckpointStore

    /// How often a blob is read that seems damaged: it may have been damaged on its way.
    static let maximumReads = 3

    /// Reads from `store`.
    public init(_ store: any CheckpointStore) {
        self.store = store
    }

    /// The checkpoint that a decision named; nil for a task without one.
    ///
    /// - Parameter isFresh: whether the authority knows nothing of the task.
    /// - Throws: `.corruptCheckpoint` when it is missing or damaged; `.incompatibleState` when no decision is
    ///   known although the store holds the work of one: a task never starts afresh silently.
    public func load(_ task: TaskID, _ ref: CheckpointRef?, isFresh: Bool) throws -> Checkpoint? {
        guard let ref else {
            if isFresh { try checkNothingWasDecided(task) }
            return nil
        }
        let name = Checkpoint.name(task: task, epoch: ref.epoch, attempt: ref.attempt)
        return try read(name) { try Checkpoint(decoding: $0, expecting: ref) }
    }

    /// A checkpoint that another one builds on.
    ///
    /// - Throws: `.corruptCheckpoint` when it is missing or damaged.
    public func load(_ link: Checkpoint.Link) throws -> Checkpoint {
        try read(link.name) { bytes in
            let checkpoint = try Checkpoint(decoding: bytes, expecting: nil)
            guard checkpoint.sectionsChecksum == link.checksum else {
                throw CodecError.checksumMismatch
            }
            return checkpoint
        }
    }

    /// The checkpoints of a task that its state is not made of, sorted by epoch.
    ///
    /// Those of past epochs are garbage, those of the present one and later have lost, or will, against the
    /// owner's.
    public func others(of task: TaskID, beside last: Checkpoint?) throws -> [String] {
        var kept = Set(last?.chain.map(\.name) ?? [])
        if let last {
            kept.insert(Checkpoint.name(task: task, epoch: last.epoch, attempt: last.attempt))
        }
        return try store.list(prefix: "\(task)/").filter { !kept.contains($0) }
    }

    /// Whoever tries a second epoch has seen the first one decided.
    private func checkNothingWasDecided(_ task: TaskID) throws {
        let names = try store.list(prefix: "\(task)/")
        let later = names.first { (Checkpoint.epoch(inName: $0) ?? 0) > 1 }
        let begun = BegunMarker.name(of: task)
        let found =
            try later.map { "its checkpoint \($0)" } ?? (store.read(begun).map { _ in begun })
        guard let found else { return }
        // Another owner may have made them since the authority was asked.
        throw DataflowError(
            .incompatibleState, domain: .external, retry: .restart,
            "\(task) has no committed offset, but the store holds \(found): the group's offsets have expired or "
                + "were deleted; restore them, or remove what the store holds of \(task.run)/\(task.stage) to "
                + "begin afresh")
    }

    private func read(
        _ name: String, _ decode: ([UInt8]) throws -> Checkpoint
    ) throws -> Checkpoint {
        var failure: any Error = CodecError.checksumMismatch
        for _ in 0..<CheckpointLoader.maximumReads {
            guard let bytes = try store.read(name) else {
                // Somebody who owns the task meanwhile may have gone past it.
                throw corrupt(name, "it is missing", .restart)
            }
            do { return try decode(bytes) } catch { failure = error }
        }
        throw corrupt(name, "\(failure)")
    }

    private func corrupt(
        _ name: String, _ what: String, _ retry: DataflowError.Retry = .never
    ) -> DataflowError {
        DataflowError(
            .corruptCheckpoint, domain: .external, retry: retry, "checkpoint \(name): \(what)")
    }
}
