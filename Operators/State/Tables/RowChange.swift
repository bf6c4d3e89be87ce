/// A change of one row.
public enum RowChange: Hashable, Sendable {
    /// The row is now this, whatever it was: all columns, in the order of the table's description.
    case upsert([TableValue])
    /// There is no row of this key: the key's columns, in the key's order.
    case delete([TableValue])
}
