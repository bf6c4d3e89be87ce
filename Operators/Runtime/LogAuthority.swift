public import Records
public import State

/// The commit authority of stages whose outputs are topics: their consumer group's offsets, each with the
/// checkpoint's name as metadata.
///
/// At-least-once: outputs are acknowledged before the offsets are committed, so a crash between the two
/// writes some of them again and loses none.
public final class LogAuthority: CommitAuthority {
    private let reader: any LogReader

    /// Commits for the group of `reader`.
    public init(_ reader: any LogReader) {
        self.reader = reader
    }

    /// Reads the group's offsets; the group itself has fenced whoever had the partitions before.
    public func claim(_ task: TaskID, inputs: [TopicPartition]) throws -> CommitPosition? {
        let committed = try reader.committed(inputs)
        if committed.isEmpty { return nil }
        var refs: Set<CheckpointRef> = []
        for (partition, position) in committed {
            guard let ref = CheckpointRef(metadata: position.metadata) else {
                throw DataflowError(
                    .incompatibleState, domain: .external,
                    "the group's offset names no checkpoint: somebody else committed it; "
                        + "reset the group or start under another name to begin afresh",
                    partition: partition, offset: position.offset)
            }
            refs.insert(ref)
        }
        guard refs.count == 1, let ref = refs.first else {
            throw DataflowError(
                .incompatibleState, domain: .external,
                "the group's offsets of \(task) name \(refs.count) different checkpoints")
        }
        return CommitPosition(offsets: committed.mapValues(\.offset), checkpoint: ref)
    }

    /// Commits the offsets of all tasks in one request.
    public func decide(_ decisions: [CommitDecision]) throws {
        var offsets: [TopicPartition: CommittedOffset] = [:]
        for decision in decisions {
            let metadata = decision.position.checkpoint?.metadata ?? ""
            for (partition, offset) in decision.position.offsets {
                offsets[partition] = CommittedOffset(offset: offset, metadata: metadata)
            }
        }
        if !offsets.isEmpty { try reader.commit(offsets) }
    }
}
