public import Records

/// Where a task stands according to its authority.
public struct CommitPosition: Hashable, Sendable {
    /// The first offset of each input that is not accounted for.
    public var offsets: [TopicPartition: Offset]
    /// The checkpoint that belongs to the offsets; nil for a task without state.
    public var checkpoint: CheckpointRef?

    /// Makes a position.
    public init(offsets: [TopicPartition: Offset], checkpoint: CheckpointRef?) {
        self.offsets = offsets
        self.checkpoint = checkpoint
    }
}
