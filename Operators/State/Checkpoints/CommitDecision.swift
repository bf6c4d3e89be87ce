/// What a task asks its authority to record.
public struct CommitDecision: Sendable {
    /// Makes dead letters, as rows, of rows that the database refuses.
    public typealias Letters = @Sendable ([RefusedRow]) -> TableChanges

    /// Whose epoch it is.
    public var task: TaskID
    /// The position that holds once it is decided.
    public var position: CommitPosition
    /// The rows that become visible with it, for an authority that holds tables.
    public var tables: [TableChanges]
    /// Makes what is kept, in the same transaction, in place of rows that the database refuses.
    ///
    /// Without it such a row refuses the whole decision.
    public var letters: Letters?

    /// Makes a decision.
    public init(
        task: TaskID, position: CommitPosition, tables: [TableChanges] = [], letters: Letters? = nil
    ) {
        self.task = task
        self.position = position
        self.tables = tables
        self.letters = letters
    }
}
