/// A table that a sink keeps: its columns and its primary key.
public struct TableSpec: Hashable, Sendable {
    /// A column.
    public struct Column: Hashable, Sendable {
        /// The column's name.
        public var name: String
        /// The column's type.
        public var type: ColumnType

        /// Makes a column.
        public init(_ name: String, _ type: ColumnType) {
            self.name = name
            self.type = type
        }
    }

    /// The table's name, with the schema where it isn't the connection's own: `name` or `schema.name`.
    public var name: String
    /// All columns that the sink writes.
    public var columns: [Column]
    /// The names of the key's columns, in the key's order.
    public var key: [String]
    /// The column of type `.time` by whose UTC day the table is partitioned; nil for a plain table.
    public var dayPartitionColumn: String?

    /// Describes a table.
    public init(
        _ name: String, columns: [Column], key: [String], dayPartitionColumn: String? = nil
    ) {
        self.name = name
        self.columns = columns
        self.key = key
        self.dayPartitionColumn = dayPartitionColumn
    }

    /// The key's columns as indexes into ``columns``; nil when one is missing.
    public var keyIndexes: [Int]? {
        var indexes: [Int] = []
        for name in key {
            guard let index = columns.firstIndex(where: { $0.name == name }) else { return nil }
            indexes.append(index)
        }
        return indexes
    }
}
