public import Records
public import State

/// What a lane needs of the outside world.
///
/// Everything belongs to the lane's thread.
public struct LaneServices {
    /// The member of the stage's consumer group; nil for a stage of pushed records.
    public var reader: (any LogReader)?
    /// Appends to topics; nil for a stage that writes none.
    public var writer: (any LogWriter)?
    /// Decides commits; nil for a stage of pushed records.
    public var authority: (any CommitAuthority)?
    /// Where checkpoints lie.
    public var store: any CheckpointStore
    /// Where a partition begins that the stage has never read: at its earliest record, or at its end.
    public var startsAtEnd: Bool
    /// Whether the group is told how far the authority, which is another, has come.
    public var announcesProgress = false
    /// How long a flush may take, in real milliseconds.
    public var flushTimeoutMilliseconds = 30_000
    /// Told where in the commit protocol the lane stands; what it throws ends the command.
    public var reached: (CrashPoint) throws -> Void = { _ in }
    /// Told of each failure, with what was attempted, beside what the worker makes of it.
    public var trouble: (_ attempt: String, DataflowError) -> Void = { _, _ in }

    /// Gathers the services of a lane.
    public init(
        reader: (any LogReader)?, writer: (any LogWriter)?, authority: (any CommitAuthority)?,
        store: any CheckpointStore, startsAtEnd: Bool = false
    ) {
        self.reader = reader
        self.writer = writer
        self.authority = authority
        self.store = store
        self.startsAtEnd = startsAtEnd
    }
}
