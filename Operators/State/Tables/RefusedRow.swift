/// A row that a database would not take while it took its neighbours.
public struct RefusedRow: Hashable, Sendable {
    /// Which of the decision's tables.
    public var table: Int
    /// Which of the table's changes.
    public var row: Int
    /// One clause for a person; no value.
    public var reason: String

    /// Makes one.
    public init(table: Int, row: Int, reason: String) {
        self.table = table
        self.row = row
        self.reason = reason
    }
}
