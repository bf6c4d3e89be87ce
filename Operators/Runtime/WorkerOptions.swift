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
    /// A commit begins early when at-most-once holds back this many bytes of output.
    public var maximumHeldBytes = 32 << 20
    /// After how long a log aborts a transaction that is not committed.
    public var transactionTimeoutMilliseconds: Int64 = 10_000
    /// After how many deltas a checkpoint is written whole; earlier when the deltas outweigh the base.
    public var maximumDeltas = 16
    /// How many bytes a task's whole state may have, as its operators write it; beyond, the task refuses more.
    public var maximumStateBytes = 1 << 30
    /// How often a failed command is tried again before the worker gives up.
    public var maximumAttempts = 20
    /// The first pause before a failed command is tried again; doubled each time.
    public var firstBackoffMilliseconds: Int64 = 50
    /// The longest pause.
    public var longestBackoffMilliseconds: Int64 = 5_000
    /// Whether the run ends at given offsets, so that event time never follows the clock.
    public var isBounded = false

    /// The defaults.
    public init() {}

    /// Sets what is promised and how often is committed, and leaves a transaction time enough to end.
    public mutating func deliver(_ delivery: Delivery, every milliseconds: Int64) {
        self.delivery = delivery
        commitIntervalMilliseconds = milliseconds
        transactionTimeoutMilliseconds = max(10_000, 2 * milliseconds + 5_000)
    }
}
