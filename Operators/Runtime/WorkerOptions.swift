public import Dataflow

/// The bounds and intervals of a worker.
///
/// Intervals are real milliseconds: a clock that runs fast makes events denser, not commits.
public struct WorkerOptions: Hashable, Sendable {
    /// What the run promises.
    public var delivery = Delivery.exactlyOnce
    /// How long after a commit the next one begins.
    public var commitIntervalMilliseconds: Int64 = 1_000
    /// How often operators are told the time.
    public var tickIntervalMilliseconds: Int64 = 100
    /// A commit begins early when a thread's tasks hold this many rows for a table.
    public var maximumRowsPerCommit = 20_000
    /// A commit begins early after this many records.
    public var maximumRecordsPerCommit = 2_000_000
    /// A commit begins early after this many bytes of records.
    public var maximumBytesPerCommit = 512 << 20
    /// After how many records, between two commits, it is looked at whether a task's state has outgrown its bounds.
    public var recordsPerGlance = 65_536
    /// After how many bytes of records.
    public var bytesPerGlance = 16 << 20
    /// A commit begins early when at-most-once holds back this many bytes of output.
    public var maximumHeldBytes = 32 << 20
    /// After how long a log aborts a transaction that is not committed.
    public var transactionTimeoutMilliseconds: Int64 = 10_000
    /// After how many deltas a chain of checkpoints is made short; earlier when they outweigh the state.
    public var maximumDeltas = 32
    /// How many bytes of state a commit writes about beside what changed, to make a chain short.
    public var sliceBytes = 4 << 20
    /// How many bytes a task's whole state may have, as its operators write it; beyond, the task reads no more.
    public var maximumStateBytes = 1 << 30
    /// How many keys a task's operators may keep together; beyond, the task reads no more.
    public var maximumStateKeys = 50_000_000
    /// After how long a task is tried again whose state had no room in the midst of a batch or of its restore.
    public var blockedRetryMilliseconds: Int64 = 60_000
    /// The longest pause between such tries of a task that meets an operator's bound: each is twice as long.
    public var longestBlockedRetryMilliseconds: Int64 = 3_600_000
    /// After how long a task is tried again whose rows its tables have refused; each time after twice as long.
    public var refusedRetryMilliseconds: Int64 = 5_000
    /// The longest pause between such tries.
    public var longestRefusedRetryMilliseconds: Int64 = 60_000
    /// After how many such tries in a row a run that is to end has failed; any other goes on trying.
    public var refusedTries = 5
    /// After how many failures in a row the worker stops reading until what failed succeeds again.
    public var attemptsBeforeRest = 5
    /// For how long a command may fail before the worker gives up: a day.
    public var longestOutageMilliseconds: Int64 = 86_400_000
    /// How many records are handed to a client at once; what a task writes in one step may be any number.
    public var maximumRecordsPerWrite = 50_000
    /// How many bytes of keys and values are handed to a client at once.
    public var maximumBytesPerWrite = 16 << 20
    /// How long a produce may wait for room in its client, before its tasks go on from their last commits.
    public var longestStallMilliseconds: Int64 = 30_000
    /// How often a record that a stage can't decode is read before it is kept as a dead letter.
    public var poisonTries = 3
    /// The first pause before a failed command is tried again; doubled each time.
    public var firstBackoffMilliseconds: Int64 = 50
    /// The longest pause.
    public var longestBackoffMilliseconds: Int64 = 5_000
    /// Whether a recording is played, or history, so that event time never follows the clock.
    public var isBounded = false

    /// The defaults.
    public init() {}

    /// Takes over what a pipeline's definition or a flag asks for.
    public mutating func apply(_ policy: RunPolicy) {
        if let milliseconds = policy.commitMilliseconds { deliver(delivery, every: milliseconds) }
        if let records = policy.commitRecords { maximumRecordsPerCommit = records }
        if let bytes = policy.maximumStateBytes { maximumStateBytes = bytes }
        if let keys = policy.maximumStateKeys { maximumStateKeys = keys }
    }

    /// Sets what is promised and how often is committed, and leaves a transaction time enough to end.
    public mutating func deliver(_ delivery: Delivery, every milliseconds: Int64) {
        self.delivery = delivery
        commitIntervalMilliseconds = milliseconds
        transactionTimeoutMilliseconds = max(10_000, 2 * milliseconds + 5_000)
    }
}
