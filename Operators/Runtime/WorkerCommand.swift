public import Records
public import State

/// What a ``StageWorker`` asks its driver to do.
///
/// Commands of one step are carried out in their order, and those of a step before those of the next. Each
/// that can fail is answered by an event. A `produce` that the client refuses for the moment (`.backoff`) is
/// tried again by the driver before anything behind it is carried out: nothing may overtake a record.
public enum WorkerCommand {
    /// Ask the authority where a task stands, and fence whoever had it.
    case claim(TaskLife, inputs: [TopicPartition])
    /// Read the checkpoint that the authority named. For a task that the authority knows nothing of, make sure
    /// that the store holds nothing of it either.
    case load(TaskLife, CheckpointRef?, isFresh: Bool)
    /// Read a checkpoint that the named one builds on; a driver lets other tasks run between two.
    case loadLink(TaskLife, Checkpoint.Link, index: Int)
    /// Begin to read partitions at offsets; nil: where the pipeline says a new input begins.
    case start(TaskLife, [TopicPartition: Offset?])
    /// Go on where a partition begins now, as the records from an offset on are gone.
    case skipGap(TaskLife, TopicPartition, from: Offset)
    /// Hand over one batch of a partition when there is one.
    case read(TopicPartition)
    /// Forget that batches of partitions were asked for: their tasks can't take any for now.
    case withhold([TopicPartition])
    /// Stop reading partitions and give them back.
    case release([TopicPartition])
    /// Write records; with a ticket, report when they are acknowledged. Once records without a ticket are lost,
    /// those behind them are not written either, until the worker has heard of it.
    case produce(OutputBatch, ticket: UInt64?)
    /// Make checkpoints durable.
    case prepare(commit: UInt64, [CheckpointWrite])
    /// Wait until everything that was produced is acknowledged.
    case flush(commit: UInt64)
    /// Let the authority record a commit.
    case decide(commit: UInt64, [CommitDecision])
    /// Give up what was written and not decided: none of it may happen once this is carried out.
    case abandon
    /// Remove checkpoints that nothing names any more.
    case collect([String])
    /// Call again at this time at the latest: of several wishes the earliest counts.
    case wake(at: EventTime)
    /// Tell people of something that is not as it should be.
    case report(DataflowError)
    /// Answer a push.
    case answer(ticket: UInt64, DataflowError?)
    /// The worker has come to its end.
    case stopped(DataflowError?)
}

/// One life of a task in a worker, from its claim to its end: an answer to an earlier life means nothing to a
/// later one.
public struct TaskLife: Hashable, Sendable {
    /// The number of the task's partition.
    public let task: Int32
    /// Counts the claims of a worker.
    public let number: UInt64
}

/// A checkpoint to be written.
public struct CheckpointWrite: Sendable {
    /// Its name in the store.
    public var name: String
    /// Its bytes.
    public var bytes: [UInt8]

    /// Makes the checkpoint durable.
    ///
    /// A name holds a random attempt, so a blob of this name with these bytes is this one: a try before had
    /// succeeded without anybody hearing of it. With other bytes it is the torn rest of that try, and the
    /// commit has to be tried under another name.
    public func create(in store: any CheckpointStore) throws {
        do {
            try store.create(name, bytes)
        } catch let error as DataflowError where error.code == .invariant {
            guard try store.read(name) != bytes else { return }
            throw DataflowError(
                .storeUnavailable, domain: .external, retry: .restart,
                "the checkpoint \(name) was left half written")
        }
    }
}
