internal import Records
internal import State

/// Writes changes of which the database refuses some: finds those by halving and writes all others, inside of one
/// transaction.
///
/// A piece that is refused is rolled back to its savepoint and tried again as two halves, down to single rows, so
/// that `n` changes take fewer than `2 n` tries, whatever is refused, and as many again where a constraint is
/// checked at COMMIT. Of a key whose last change is refused the one
/// before counts.
struct RowIsolation {
    /// The changes of one table that can be written at all.
    private struct Part {
        /// Which of the decision's tables.
        let table: Int
        let layout: TableLayout
        let rows: [RowChange]
        let groups: [[Int]]
    }

    private let connection: PostgresConnection
    private var parts: [Part] = []
    /// What is refused so far.
    private(set) var refused: [RefusedRow] = []

    /// Sets those changes apart that can't be sent at all.
    init(
        _ tables: [TableChanges], _ applier: inout TableApplier, on connection: PostgresConnection
    ) throws {
        self.connection = connection
        // By name, so that all writers lock tables in one order.
        for table in tables.indices.sorted(by: { tables[$0].table.name < tables[$1].table.name }) {
            let layout = try applier.layout(of: tables[table].table, on: connection)
            let rows = tables[table].rows
            var fitting: [Int] = []
            for row in rows.indices {
                if let fault = ChangeSet.fault(layout, rows[row]) {
                    refused.append(RefusedRow(table: table, row: row, reason: fault))
                } else {
                    fitting.append(row)
                }
            }
            parts.append(
                Part(
                    table: table, layout: layout, rows: rows,
                    groups: try ChangeSet.groups(layout, rows: rows, at: fitting)))
        }
    }

    /// What may be written, for whoever makes partitions for it.
    var sets: [ChangeSet] {
        get throws {
            try parts.map { part in
                try ChangeSet(part.layout, rows: part.groups.joined().map { part.rows[$0] })
            }
        }
    }

    /// Writes what can be written; called once, in an open transaction.
    mutating func write(with applier: inout TableApplier) throws {
        let unfit = refused
        try connection.script("SAVEPOINT millrace_rows")
        for part in parts { try write(part.groups[...], of: part, &applier) }
        do {
            try connection.script(RowIsolation.checkDeferred)
        } catch let error as PostgresError where error.isOfRows {
            // What is checked at COMMIT doesn't say which row it is about; so it is checked row by row.
            try connection.script("ROLLBACK TO SAVEPOINT millrace_rows")
            refused = unfit
            try connection.script(RowIsolation.checkDeferred)
            for part in parts { try write(part.groups[...], of: part, &applier) }
        }
    }

    private static let checkDeferred = "SET CONSTRAINTS ALL IMMEDIATE"

    private mutating func write(
        _ groups: ArraySlice<[Int]>, of part: Part, _ applier: inout TableApplier
    ) throws {
        guard !groups.isEmpty else { return }
        guard let error = try attempt(groups.compactMap(\.last), of: part, &applier) else { return }
        if groups.count > 1 {
            let middle = groups.startIndex + groups.count / 2
            try write(groups[..<middle], of: part, &applier)
            return try write(groups[middle...], of: part, &applier)
        }
        var rows = groups.joined().map { $0 }
        var reason = error.description
        while let row = rows.popLast() {
            refused.append(RefusedRow(table: part.table, row: row, reason: reason))
            guard let before = rows.last,
                let error = try attempt([before], of: part, &applier)
            else { return }
            reason = error.description
        }
    }

    /// Writes some changes, or none of them.
    ///
    /// - Returns: why the database refuses them; nil when it doesn't.
    private func attempt(
        _ rows: [Int], of part: Part, _ applier: inout TableApplier
    ) throws -> PostgresError? {
        let set = try ChangeSet(part.layout, rows: rows.map { part.rows[$0] })
        try connection.script("SAVEPOINT millrace_piece")
        do {
            try applier.apply([set], on: connection)
            try connection.script("RELEASE SAVEPOINT millrace_piece")
            return nil
        } catch let error as PostgresError where error.isOfRows {
            try connection.script(
                "ROLLBACK TO SAVEPOINT millrace_piece; RELEASE SAVEPOINT millrace_piece")
            return error
        }
    }
}
