package import State

/// A type of PostgreSQL by its object id, which is fixed for the built-in types (`pg_type.dat`).
package struct PostgresType: RawRepresentable, Hashable, Sendable {
    /// The object id.
    package let rawValue: UInt32

    /// Names a type by its object id.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The type `boolean`.
    package static let boolean = PostgresType(rawValue: 16)
    /// The type `bytea`.
    package static let bytea = PostgresType(rawValue: 17)
    /// The type `"char"`, one byte.
    package static let char = PostgresType(rawValue: 18)
    /// The type `name`.
    package static let name = PostgresType(rawValue: 19)
    /// The type `bigint`.
    package static let bigint = PostgresType(rawValue: 20)
    /// The type `smallint`.
    package static let smallint = PostgresType(rawValue: 21)
    /// The type `integer`.
    package static let integer = PostgresType(rawValue: 23)
    /// The type `text`.
    package static let text = PostgresType(rawValue: 25)
    /// The type `oid`.
    package static let oid = PostgresType(rawValue: 26)
    /// The type `json`.
    package static let json = PostgresType(rawValue: 114)
    /// The type `real`.
    package static let real = PostgresType(rawValue: 700)
    /// The type `double precision`.
    package static let double = PostgresType(rawValue: 701)
    /// The type `char(n)`.
    package static let bpchar = PostgresType(rawValue: 1_042)
    /// The type `varchar`.
    package static let varchar = PostgresType(rawValue: 1_043)
    /// The type `timestamp with time zone`.
    package static let timestamptz = PostgresType(rawValue: 1_184)

    /// The type of arrays of this one; nil where none is known here.
    package var array: PostgresType? {
        switch self {
        case .boolean: PostgresType(rawValue: 1_000)
        case .bytea: PostgresType(rawValue: 1_001)
        case .bigint: PostgresType(rawValue: 1_016)
        case .integer: PostgresType(rawValue: 1_007)
        case .text: PostgresType(rawValue: 1_009)
        case .double: PostgresType(rawValue: 1_022)
        case .timestamptz: PostgresType(rawValue: 1_185)
        default: nil
        }
    }
}

extension ColumnType {
    /// The column type's own type in PostgreSQL.
    package var postgresType: PostgresType {
        switch self {
        case .integer: .bigint
        case .double: .double
        case .text: .text
        case .bytes: .bytea
        case .time: .timestamptz
        case .boolean: .boolean
        }
    }

    /// The column type's name in SQL.
    package var sqlName: String {
        switch self {
        case .integer: "bigint"
        case .double: "double precision"
        case .text: "text"
        case .bytes: "bytea"
        case .time: "timestamptz"
        case .boolean: "boolean"
        }
    }
}
