public import Records
public import State

/// What a driver tells a ``StageWorker``.
public enum WorkerEvent {
    /// The group gave these input partitions to this member.
    case assigned([TopicPartition])
    /// The group takes these partitions back; they are released after a last commit.
    case revoked([TopicPartition])
    /// These partitions belong to somebody else already.
    case lost([TopicPartition])
    /// The authority said where a task stands.
    case claimed(TaskLife, CommitPosition?)
    /// The store handed over the checkpoint that was named, nil for none, and named those that it holds of the
    /// task and that this one doesn't build on.
    case loaded(TaskLife, Checkpoint?, others: [String])
    /// The store handed over a checkpoint that the named one builds on.
    case linkLoaded(TaskLife, Checkpoint, index: Int)
    /// The reader stands at these offsets, and reads from there when it is asked to.
    case started(TaskLife, [TopicPartition: Offset])
    /// The reader goes on behind records that are gone.
    case gapSkipped(TaskLife, TopicPartition, from: Offset, to: Offset)
    /// Records of an input.
    case batch(RecordBatch)
    /// The reader stands at the end of an input partition.
    case reachedEnd(TopicPartition, Offset)
    /// Somebody pushed records in, and waits for the answer to this ticket.
    case pushed(ticket: UInt64, values: Any)
    /// The checkpoints of a commit are durable.
    case prepared(commit: UInt64)
    /// Everything that was produced before a commit is acknowledged.
    case flushed(commit: UInt64)
    /// The authority recorded a commit.
    case decided(commit: UInt64)
    /// The authority recorded a commit, but for these tasks, whose outputs are not taken.
    case decidedInPart(commit: UInt64, refused: [Int32: DataflowError])
    /// Output that belongs to a push is acknowledged, or not.
    case delivered(ticket: UInt64, DataflowError?)
    /// A command could not be carried out.
    case failed(WorkerCommand, DataflowError)
    /// The clock has moved.
    case timer
    /// The recording that the inputs held has ended, its newest record at this event time: event time passes it
    /// by what is needed to decide on it all, and what comes later goes on from there.
    case recordingEnded(EventTime)
    /// The inputs end at these offsets: event time ends there, or behind the end of the recording that was told
    /// before, then the worker stops.
    case finish([TopicPartition: Offset])
    /// The worker is to commit and stop; its inputs go on elsewhere.
    case stop
}
