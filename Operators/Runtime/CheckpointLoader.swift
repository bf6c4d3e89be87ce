internal import Records
public import State

/// Reads the checkpoints that make up a task's state, and trusts none whose checksum differs.
public struct CheckpointLoader {
    private let store: any CheckpointStore

    /// Reads from `store`.
    public init(_ store: any CheckpointStore) {
        self.store = store
    }

    /// The chain that ends with the checkpoint that a decision named, base first.
    ///
    /// - Throws: `.corruptCheckpoint` for a link that is missing or damaged; `.incompatibleState` when no
    ///   decision names a checkpoint although the store holds some: a task never starts afresh silently.
    public func load(_ task: TaskID, _ ref: CheckpointRef?, isFresh: Bool) throws -> [Checkpoint] {
        guard let ref else {
            if isFresh, let name = try store.list(prefix: "\(task)/").first,
                !isFirstTry(name, of: task)
            {
                throw DataflowError(
                    .incompatibleState, domain: .external,
                    "\(task) has no committed offset, but the store holds its checkpoint \(name): "
                        + "the group's offsets have expired or were deleted; restore them, or remove "
                        + "the checkpoints to begin afresh")
            }
            return []
        }
        let name = Checkpoint.name(task: task, epoch: ref.epoch, attempt: ref.attempt)
        let last = try read(name, expecting: ref)
        var chain: [Checkpoint] = []
        for link in last.chain {
            let checkpoint = try read(link.name, expecting: nil)
            guard CRC32C.checksum(checkpoint.sections) == link.checksum else {
                throw corrupt(link.name, "its checksum is not the one that the manifest names")
            }
            chain.append(checkpoint)
        }
        return chain + [last]
    }

    /// Whether a checkpoint is that of a first epoch, which nobody may have decided.
    private func isFirstTry(_ name: String, of task: TaskID) -> Bool {
        name.hasPrefix("\(task)/000000000001-")
    }

    private func read(_ name: String, expecting ref: CheckpointRef?) throws -> Checkpoint {
        guard let bytes = try store.read(name) else { throw corrupt(name, "it is missing") }
        do {
            return try Checkpoint(decoding: bytes, expecting: ref)
        } catch {
            throw corrupt(name, "\(error)")
        }
    }

    private func corrupt(_ name: String, _ what: String) -> DataflowError {
        DataflowError(.corruptCheckpoint, domain: .external, "checkpoint \(name): \(what)")
    }
}
