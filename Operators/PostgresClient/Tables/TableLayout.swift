internal import State

/// A table's description after validation, with the statements that apply changes to it.
struct TableLayout {
    let spec: TableSpec
    let name: QualifiedName
    /// The key's columns as indexes into the row.
    let keyIndexes: [Int]
    /// The types of the key's columns, in the key's order.
    let keyTypes: [ColumnType]
    /// The column by whose UTC day the table is partitioned, as an index into the row.
    let dayIndex: Int?
    /// `INSERT … ON CONFLICT` with one array a column.
    let upsertSQL: String
    /// `DELETE … USING` with one array a column of the key.
    let deleteSQL: String
    /// Locks the existing rows of keys in their order, with one array a column of the key.
    let lockSQL: String

    /// The most columns of a table; PostgreSQL stops at 1,600.
    static let maximumColumns = 1_600
    /// How much longer than the table's name a partition's is: `_YYYYMMDD`.
    static let partitionSuffixBytes = 9

    /// Validates a description.
    ///
    /// - Throws: ``PostgresError`` of condition `.undefined` that names each fault.
    init(_ spec: TableSpec) throws(PostgresError) {
        name = try QualifiedName(spec.name)
        let faults = TableLayout.faults(of: spec, name: name)
        guard faults.isEmpty, let keyIndexes = spec.keyIndexes else {
            throw PostgresError(
                .undefined,
                "the description of table \(name) is wrong: \(faults.joined(separator: "; "))")
        }
        self.spec = spec
        self.keyIndexes = keyIndexes
        keyTypes = keyIndexes.map { spec.columns[$0].type }
        dayIndex = spec.dayPartitionColumn.flatMap { day in
            spec.columns.firstIndex { $0.name == day }
        }
        upsertSQL = TableLayout.upsertSQL(spec, name)
        let arrays = TableLayout.arrays(keyTypes)
        let names = spec.key.indices.map { "k\($0 + 1)" }.joined(separator: ", ")
        let match = spec.key.enumerated()
            .map { "t.\(quotedIdentifier($0.element)) = k.k\($0.offset + 1)" }
            .joined(separator: " AND ")
        deleteSQL =
            "DELETE FROM \(name.sql) AS t USING unnest(\(arrays)) AS k(\(names)) WHERE \(match)"
        lockSQL =
            "SELECT count(*) FROM (SELECT 1 FROM \(name.sql) AS t "
            + "JOIN unnest(\(arrays)) WITH ORDINALITY AS k(\(names), n) ON \(match) "
            + "ORDER BY k.n FOR UPDATE OF t) AS locked"
    }

    /// `CREATE TABLE` with the primary key and, for a table by days, the partitioning.
    var createSQL: String {
        let columns = spec.columns.map { column in
            let required = spec.key.contains(column.name) ? " NOT NULL" : ""
            return "\(quotedIdentifier(column.name)) \(column.type.sqlName)\(required)"
        }
        let key = spec.key.map(quotedIdentifier).joined(separator: ", ")
        let partitioning = spec.dayPartitionColumn.map {
            " PARTITION BY RANGE (\(quotedIdentifier($0)))"
        }
        return "CREATE TABLE IF NOT EXISTS \(name.sql) ("
            + (columns + ["PRIMARY KEY (\(key))"]).joined(separator: ", ")
            + ")\(partitioning ?? "")"
    }

    private static func upsertSQL(_ spec: TableSpec, _ name: QualifiedName) -> String {
        let columns = spec.columns.map { quotedIdentifier($0.name) }.joined(separator: ", ")
        let key = spec.key.map(quotedIdentifier).joined(separator: ", ")
        let updates = spec.columns.filter { !spec.key.contains($0.name) }
            .map { "\(quotedIdentifier($0.name)) = EXCLUDED.\(quotedIdentifier($0.name))" }
        let action =
            updates.isEmpty ? "NOTHING" : "UPDATE SET \(updates.joined(separator: ", "))"
        return "INSERT INTO \(name.sql) (\(columns)) "
            + "SELECT * FROM unnest(\(arrays(spec.columns.map(\.type)))) "
            + "ON CONFLICT (\(key)) DO \(action)"
    }

    private static func arrays(_ types: [ColumnType]) -> String {
        types.enumerated().map { "$\($0.offset + 1)::\($0.element.sqlName)[]" }
            .joined(separator: ", ")
    }

    private static func faults(of spec: TableSpec, name: QualifiedName) -> [String] {
        var faults: [String] = []
        if spec.columns.isEmpty { faults.append("it has no columns") }
        if spec.columns.count > maximumColumns {
            faults.append("it has more than \(maximumColumns) columns")
        }
        var seen: Set<String> = []
        for column in spec.columns {
            if !QualifiedName.isIdentifier(column.name) {
                faults.append("a column's name is not 1 to \(QualifiedName.maximumBytes) bytes")
            }
            if !seen.insert(column.name).inserted {
                faults.append("column \(column.name) is there twice")
            }
        }
        if spec.key.isEmpty { faults.append("it has no key") }
        if Set(spec.key).count != spec.key.count { faults.append("a key column is there twice") }
        for key in spec.key where !seen.contains(key) {
            faults.append("key column \(key) is not among the columns")
        }
        if let day = spec.dayPartitionColumn {
            if spec.columns.first(where: { $0.name == day })?.type != .time {
                faults.append("partition column \(day) is not a column of type timestamptz")
            }
            if !spec.key.contains(day) {
                faults.append("partition column \(day) is not part of the key")
            }
            if name.name.utf8.count + partitionSuffixBytes > QualifiedName.maximumBytes {
                faults.append("its name is too long to name partitions after")
            }
        }
        return faults
    }
}
