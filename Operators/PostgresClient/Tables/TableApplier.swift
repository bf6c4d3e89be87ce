internal import Records
internal import State

/// Applies changes to tables on a connection: what the table writer and the commit authority share.
struct TableApplier {
    /// The most rows of one statement.
    static let maximumRowsPerStatement = 10_000
    /// The most bytes of texts and `bytea` in one statement, unless one row alone has more.
    static let maximumBytesPerStatement = 32 << 20
    /// The most tables whose layout is remembered.
    static let maximumTables = 1_024

    private var prepared: [TableSpec: TableLayout] = [:]
    private var partitions = DayPartitions()
    /// The task whose changes are applied; nil for a writer of no task.
    var task: TaskID?
    /// How often in a row each task has missed a day's partition that had just been made: what others can write is
    /// no sign that its rows have a place.
    private var missingPartitions: [TaskID?: Int] = [:]

    /// How often a missing partition is made anew before its rows are taken for refused.
    static let maximumMissingPartitions = 3

    /// Creates what is missing of a table and checks that it fits.
    mutating func prepare(_ spec: TableSpec, on connection: PostgresConnection) throws {
        let layout = try TableLayout(spec)
        if try TableCatalog(layout.name, on: connection) == nil {
            try create(layout, on: connection)
        }
        let differences =
            try TableCatalog(layout.name, on: connection)?.differences(from: layout)
            ?? ["it is gone again"]
        guard differences.isEmpty else {
            throw PostgresError(
                .undefined,
                "table \(layout.name) does not fit: \(differences.joined(separator: "; "))")
        }
        if prepared.count >= TableApplier.maximumTables { prepared = [:] }
        prepared[spec] = layout
    }

    /// The layout of a table, which is prepared if it has not been yet.
    mutating func layout(
        of spec: TableSpec, on connection: PostgresConnection
    ) throws -> TableLayout {
        if prepared[spec] == nil { try prepare(spec, on: connection) }
        guard let layout = prepared[spec] else {
            throw PostgresError(.misuse, "table \(spec.name) has no layout")
        }
        return layout
    }

    /// Sorts changes by table and key, preparing tables that have not been yet.
    mutating func changeSets(
        _ changes: [TableChanges], on connection: PostgresConnection
    ) throws -> [ChangeSet] {
        var rows: [TableSpec: [RowChange]] = [:]
        for change in changes where !change.rows.isEmpty {
            rows[change.table, default: []] += change.rows
        }
        // By name, so that all writers lock tables in one order.
        return try rows.keys.sorted { $0.name < $1.name }.compactMap { spec in
            guard let rows = rows[spec] else { return nil }
            return try ChangeSet(try layout(of: spec, on: connection), rows: rows)
        }
    }

    /// Makes the day partitions that the changes need; outside of the transaction that writes them, so
    /// that its locks are short.
    mutating func ensurePartitions(
        _ sets: [ChangeSet], on connection: PostgresConnection
    ) throws {
        for set in sets { try partitions.ensure(set, on: connection) }
    }

    /// Finds the changes, among some of a table, of days for which no partitions are made.
    ///
    /// - Returns: their places, and the reason.
    mutating func withoutDay(
        _ layout: TableLayout, _ rows: [RowChange], _ places: [Int],
        on connection: PostgresConnection
    ) throws -> (places: Set<Int>, reason: String) {
        guard let column = layout.dayIndex else { return ([], "") }
        func day(_ row: Int) -> Int64? {
            guard case .upsert(let values) = rows[row], case .time(let time) = values[column]
            else { return nil }
            return DayPartitions.day(of: time)
        }
        var counts: [Int64: Int] = [:]
        for day in places.lazy.compactMap(day) { counts[day, default: 0] += 1 }
        let excess = try partitions.excess(of: counts, in: layout.name, on: connection)
        if excess.isEmpty { return ([], "") }
        let most = DayPartitions.maximumNewDays
        let reason =
            "its day has no partition: one commit needs \(most + excess.count) new ones of \(layout.name), and "
            + "\(most) are made, of the days with the most rows"
        return (Set(places.filter { day($0).map(excess.contains) ?? false }), reason)
    }

    /// Applies changes inside of an open transaction.
    mutating func apply(_ sets: [ChangeSet], on connection: PostgresConnection) throws {
        do {
            for set in sets { try TableApplier.apply(set, on: connection) }
        } catch let error as PostgresError
            where error.sqlState == "23514" && error.constraint == nil
        {
            // No constraint of this name: the row has no partition.
            partitions.forget()
            guard sets.contains(where: { $0.layout.dayIndex != nil }),
                missingPartitions[task, default: 0] < TableApplier.maximumMissingPartitions
            else { throw error }
            missingPartitions[task, default: 0] += 1
            throw PostgresError(
                .conflict, sqlState: error.sqlState,
                "a day partition was dropped meanwhile; it is made anew at the next try")
        }
    }

    /// Notes that the task's changes are written for good.
    mutating func noteSuccess() { missingPartitions[task] = nil }

    private static func apply(_ set: ChangeSet, on connection: PostgresConnection) throws {
        let layout = set.layout
        let keyColumns = layout.keyIndexes.map { layout.spec.columns[$0] }
        // A DELETE takes its locks in the order of its plan; so they are taken beforehand.
        try run(layout.lockSQL, set.lockedKeys, keyColumns, layout, connection)
        try run(layout.deleteSQL, set.deletes, keyColumns, layout, connection)
        try run(layout.upsertSQL, set.upserts, layout.spec.columns, layout, connection)
    }

    /// Runs a statement over rows, in bounded pieces, with one array a column.
    private static func run(
        _ sql: String, _ rows: [[TableValue]], _ columns: [TableSpec.Column], _ layout: TableLayout,
        _ connection: PostgresConnection
    ) throws {
        var start = 0
        while start < rows.count {
            let end = endOfPiece(rows, from: start)
            var parameters = PostgresParameters(capacity: (end - start) * columns.count * 12)
            for (index, column) in columns.enumerated() {
                try parameters.appendArray(of: column.type.postgresType, count: end - start) {
                    (writer) throws(PostgresError) in
                    for row in start..<end {
                        do throws(BinaryFormat.Unfit) {
                            try BinaryFormat.write(rows[row][index], as: column.type, into: &writer)
                        } catch {
                            throw PostgresError(
                                .unfitValue,
                                "a row of \(layout.name): column \(column.name) "
                                    + error.clause(column.type))
                        }
                    }
                }
            }
            try connection.queryPrepared(sql, parameters)
            start = end
        }
    }

    private static func endOfPiece(_ rows: [[TableValue]], from start: Int) -> Int {
        let limit = min(rows.count, start + maximumRowsPerStatement)
        var bytes = 0
        for index in start..<limit {
            for value in rows[index] {
                switch value {
                case .text(let text): bytes += text.utf8.count
                case .bytes(let array): bytes += array.count
                default: break
                }
            }
            if bytes > maximumBytesPerStatement { return max(index, start + 1) }
        }
        return limit
    }

    private func create(_ layout: TableLayout, on connection: PostgresConnection) throws {
        // CREATE … IF NOT EXISTS alone can still fail when two workers run it at once.
        try connection.transaction {
            try advisoryLock("table \(layout.name)", on: connection)
            if let schema = layout.name.schema {
                try createSchema(schema, on: connection)
            }
            try connection.script(layout.createSQL)
        }
    }
}

/// Creates a schema if there is none; a role that may not is no hindrance when it is there.
func createSchema(_ name: String, on connection: PostgresConnection) throws {
    try advisoryLock("schema \(name)", on: connection)
    let found = try connection.query(
        "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1", [.text(name)])
    if found.isEmpty { try connection.script("CREATE SCHEMA \(quotedIdentifier(name))") }
}
