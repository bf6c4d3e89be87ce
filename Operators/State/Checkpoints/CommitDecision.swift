/// What a task asks its authority to record.
public struct CommitDecision: Sendable {
    /// Whose epoch it is.
    public var task: TaskID
    /// The position that holds once it is decided.
    public var position: CommitPosition
    /// The rows that become visible with it, for an authority that holds tables.
    public var tables: [TableChanges]

    /// Makes a decision.
    public init(task: TaskID, position: CommitPosition, tables: [TableChanges] = []) {
        self.task = task
        self.position = position
        self.tables = tables
    }
}
