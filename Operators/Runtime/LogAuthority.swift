public import Records
public import State

/// The commit authority of stages whose outputs are topics: their consumer group's offsets, each with the
/// checkpoint's name as metadata.
///
/// Offsets and outputs are two steps here. Outputs acknowledged before: at-least-once, as a crash between the
/// two writes some of them again. Outputs written behind: at-most-once, as a crash loses them.
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
        let offsets = LogAuthority.offsets(of: decisions)
        if !offsets.isEmpty { try reader.commit(offsets) }
    }

    /// The offsets that decisions are about, each with the name of its checkpoint.
    static func offsets(of decisions: [CommitDecision]) -> [TopicPartition: CommittedOffset] {
        var offsets: [TopicPartition: CommittedOffset] = [:]
        for decision in decisions {
            let metadata = decision.position.checkpoint?.metadata ?? ""
            for (partition, offset) in decision.position.offsets {
                offsets[partition] = CommittedOffset(offset: offset, metadata: metadata)
            }
        }
        return offsets
    }
}
