/// Changes of one table, in the order in which they happened; of one key only the last counts.
public struct TableChanges: Sendable {
    /// The table.
    public var table: TableSpec
    /// The changes.
    public var rows: [RowChange]

    /// Collects changes.
    public init(table: TableSpec, rows: [RowChange] = []) {
        self.table = table
        self.rows = rows
    }
}
