/// What a consumer group tells one of its members.
public enum GroupEvent: Sendable {
    /// These partitions were added; nothing is read from them before `LogReader.assign`.
    case assigned([TopicPartition])
    /// These partitions are to be given up: finish, then `LogReader.unassign` them.
    case revoked([TopicPartition])
    /// These partitions belong to somebody else already: commit nothing, then unassign them.
    case lost([TopicPartition])
    /// The member can't go on as it is.
    case failed(DataflowError)
}
