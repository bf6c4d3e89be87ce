/// The bounds and intervals of a worker.
///
/// Intervals are real milliseconds: a clock that runs fast makes events denser, not commits.
public struct WorkerOptions: Hashable, Sendable {
    /// How long after a commit the next one begins.
    public var commitIntervalMilliseconds: Int64 = 1_000
    /// How often operators are told the time.
    public var tickIntervalMilliseconds: Int64 = 100
    /// A commit begins early when a thread's tasks hold this many rows for a table.
    public var maximumRowsPerCommit = 20_000
    /// A commit begins early after this many records.
    public var maximumRecordsPerCommit = 2_000_000
    /// After how many deltas a checkpoint is written whole.
    public var maximumDeltas = 16
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
}
