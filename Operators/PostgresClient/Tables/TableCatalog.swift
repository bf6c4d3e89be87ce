internal import State

/// What the database knows of a table, compared with what a sink wants of it.
struct TableCatalog {
    private struct Column {
        var number: Int64
        var name: String
        var type: PostgresType
        var hasModifier: Bool
        var typeName: String
        var isRequired: Bool
        var isGenerated: Bool
    }

    private let kind: String
    private let partitionStrategy: String?
    private let partitionColumns: [Int64]
    private let columns: [Column]
    /// The column sets of unique indexes that ON CONFLICT can use, the primary key first.
    private let keys: [[String]]

    /// Reads a table's description; nil when there is no table of that name.
    init?(_ name: QualifiedName, on connection: PostgresConnection) throws {
        let relation = try connection.query(
            """
            SELECT c.oid, c.relkind, p.partstrat, coalesce(p.partattrs::int2[]::int4[], '{}')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
            WHERE c.oid = to_regclass($1)
            """, [.text(name.sql)])
        guard let row = relation.first else { return nil }
        let oid = try row.value(0, as: Int64.self)
        kind = try row.value(1)
        partitionStrategy = try row.optional(2)
        partitionColumns = try row.array(3)
        columns = try TableCatalog.columns(oid, connection)
        keys = try TableCatalog.keys(oid, connection)
    }

    private static func columns(_ oid: Int64, _ connection: PostgresConnection) throws -> [Column] {
        try connection.query(
            """
            SELECT attnum, attname, atttypid, atttypmod <> -1, format_type(atttypid, atttypmod),
                attnotnull AND NOT atthasdef AND attidentity = '', attgenerated <> ''
            FROM pg_catalog.pg_attribute
            WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
            """, [.integer(oid)]
        ).map { row in
            let type = UInt32(truncatingIfNeeded: try row.value(2, as: Int64.self))
            return Column(
                number: try row.value(0), name: try row.value(1),
                type: PostgresType(rawValue: type), hasModifier: try row.value(3),
                typeName: try row.value(4), isRequired: try row.value(5),
                isGenerated: try row.value(6))
        }
    }

    private static func keys(_ oid: Int64, _ connection: PostgresConnection) throws -> [[String]] {
        try connection.query(
            """
            SELECT ARRAY(SELECT a.attname::text
                FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                WHERE k.n <= i.indnkeyatts ORDER BY k.n)
            FROM pg_catalog.pg_index i
            WHERE i.indrelid = $1::bigint::oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                AND i.indpred IS NULL AND i.indexprs IS NULL
            ORDER BY i.indisprimary DESC, i.indexrelid
            """, [.integer(oid)]
        ).map { try $0.array(0) }
    }

    /// Everything in which the table does not fit its description, each as a clause.
    func differences(from layout: TableLayout) -> [String] {
        var differences: [String] = []
        if kind != "r", kind != "p" { differences.append("it is no table") }
        for wanted in layout.spec.columns {
            guard let column = columns.first(where: { $0.name == wanted.name }) else {
                differences.append("column \(wanted.name) \(wanted.type.sqlName) is missing")
                continue
            }
            // varchar without a length is text by another name.
            let fits =
                column.type == wanted.type.postgresType
                || (column.type == .varchar && wanted.type == .text)
            if !fits || column.hasModifier {
                differences.append(
                    "column \(wanted.name) is \(column.typeName) instead of \(wanted.type.sqlName)")
            }
            if column.isGenerated { differences.append("column \(wanted.name) is generated") }
        }
        for column in columns where column.isRequired {
            if layout.spec.columns.contains(where: { $0.name == column.name }) { continue }
            differences.append(
                "column \(column.name) is NOT NULL without a default and is not written")
        }
        if !keys.contains(where: { Set($0) == Set(layout.spec.key) }) {
            let found = keys.first.map { "(\($0.joined(separator: ", ")))" } ?? "none"
            differences.append(
                "its key is \(found) instead of (\(layout.spec.key.joined(separator: ", ")))")
        }
        if let fault = partitioningDifference(from: layout) { differences.append(fault) }
        return differences
    }

    private func partitioningDifference(from layout: TableLayout) -> String? {
        guard let day = layout.spec.dayPartitionColumn else { return nil }
        let number = columns.first { $0.name == day }?.number
        guard kind == "p", partitionStrategy == "r", let number, partitionColumns == [number]
        else { return "it is not partitioned by range of \(day)" }
        return nil
    }
}
