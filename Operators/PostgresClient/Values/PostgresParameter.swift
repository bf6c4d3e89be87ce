package import Records

/// A parameter of a statement, sent in binary.
package enum PostgresParameter: Hashable, Sendable {
    /// NULL of a type.
    case null(PostgresType)
    /// A `boolean`.
    case boolean(Bool)
    /// An `integer`.
    case int32(Int32)
    /// A `bigint`.
    case integer(Int64)
    /// A `double precision`; NaN and the infinities are sent as they are.
    case double(Double)
    /// A `text`; refused when it holds a NUL character, which PostgreSQL can't store.
    case text(String)
    /// A `bytea`.
    case bytes([UInt8])
    /// A `timestamptz`; the ends of the axis are `-infinity` and `infinity`.
    case time(EventTime)
    /// A `bigint[]`.
    case integers([Int64])
    /// An `integer[]`.
    case int32s([Int32])
    /// A `text[]`.
    case texts([String])
}
