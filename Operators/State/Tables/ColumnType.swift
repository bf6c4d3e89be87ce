/// The types of columns that sinks write.
public enum ColumnType: String, Hashable, Sendable {
    /// `bigint`
    case integer
    /// `double precision`
    case double
    /// `text`
    case text
    /// `bytea`
    case bytes
    /// `timestamptz`
    case time
    /// `boolean`
    case boolean
}
