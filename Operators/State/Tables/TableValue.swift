public import Records

/// A value of a column.
public enum TableValue: Hashable, Sendable {
    /// No value.
    case null
    /// A `bigint`.
    case integer(Int64)
    /// A `double precision`.
    case double(Double)
    /// A `text`; a NUL character makes the row unfit for PostgreSQL.
    case text(String)
    /// A `bytea`.
    case bytes([UInt8])
    /// A `timestamptz`.
    case time(EventTime)
    /// A `boolean`.
    case boolean(Bool)
}
