internal import Records
internal import State

/// Writes changes of which the database refuses some: finds those by halving and writes all others, inside of one
/// transaction.
///
/// A piece that is refused, by a statement or by what is checked at COMMIT, is rolled back to its savepoint and
/// tried again as two halves, down to single rows, so that `n` changes take fewer than `2 n` tries. Rows that may
/// have been refused for the sake of others, as a child is before its parent, are tried again as long as others
/// come through. Of a key whose last change is refused the one before counts.
///
/// Of many rows a few are probed before: where none of those can be written, the others are not tried. And it ends
/// at a deadline, as others wait meanwhile.
struct RowIsolation {
    /// The time is up, and nothing was decided.
    struct OutOfTime: Error {}

    /// The changes of one table that can be written at all.
    private struct Part {
        /// Which of the decision's tables.
        let table: Int
        let layout: TableLayout
        let rows: [RowChange]
        let groups: [[Int]]
    }

    /// The changes of one key.
    private struct Unit {
        let part: Int
        /// Where in its part's order of keys it stands.
        let place: Int
        /// Where among the commit's changes the last one stands, from 0 to 1: the rows that came of one record lie
        /// about side by side, whatever their tables.
        let moment: Double
        /// The changes that may count, the last one first of all.
        var rows: [Int]
        /// Why the last one is refused.
        var refusal: PostgresError?

        /// Whether it may be written once other rows are.
        var mayDependOnOthers: Bool { refusal?.mayDependOnOtherRows ?? false }
    }

    /// How often rows are tried again that may have been refused for the sake of others.
    static let maximumPasses = 16
    /// How often keys go back to earlier changes of theirs while others still wait for them.
    static let maximumWaits = 4
    /// Up to how many rows that are left are tried in pairs, and without one of them.
    static let maximumTogether = 16
    /// How many keys are probed where there are more: half of them in the order in which their changes came, half in
    /// the order of the tables.
    static let probedKeys = 1_000
    /// How many changes of each of them, the last ones.
    static let probedChanges = 4

    private let connection: PostgresConnection
    private var parts: [Part] = []
    /// The parts in the order in which they are written: what is referred to first.
    private var order: [Int] = []
    /// Where in that order each part stands.
    private var rank: [Int] = []
    /// What is refused so far.
    private(set) var refused: [RefusedRow] = []
    /// Whether anything was written.
    private(set) var hasWritten = false
    /// Whether none of the keys that were probed can be written; ``refused`` tells of those, and no others.
    private(set) var isRefusedAsWhole = false
    /// How many pieces were tried.
    private(set) var tries = 0
    private let now: () -> ContinuousClock.Instant
    private let deadline: ContinuousClock.Instant

    /// Sets those changes apart that can't be sent at all, and those of days for which there are no partitions.
    init(
        _ tables: [TableChanges], _ applier: inout TableApplier, on connection: PostgresConnection,
        until deadline: ContinuousClock.Instant, now: @escaping () -> ContinuousClock.Instant
    ) throws {
        self.connection = connection
        self.deadline = deadline
        self.now = now
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
            let (dayless, reason) = try applier.withoutDay(layout, rows, fitting, on: connection)
            refused += dayless.sorted().map { RefusedRow(table: table, row: $0, reason: reason) }
            fitting.removeAll { dayless.contains($0) }
            parts.append(
                Part(
                    table: table, layout: layout, rows: rows,
                    groups: try ChangeSet.groups(layout, rows: rows, at: fitting)))
        }
        order = try RowIsolation.order(parts.map(\.layout.name), on: connection)
        rank = parts.indices.map { order.firstIndex(of: $0) ?? 0 }
    }

    /// The order of tables in which none refers to a later one, as far as there is such an order.
    private static func order(
        _ names: [QualifiedName], on connection: PostgresConnection
    ) throws -> [Int] {
        if names.count < 2 { return Array(names.indices) }
        var oids: [Int64] = []
        var parents: [Set<Int64>] = []
        for name in names {
            let row = try connection.query(
                """
                SELECT coalesce(to_regclass($1)::oid::bigint, 0), ARRAY(
                    SELECT confrelid::bigint FROM pg_catalog.pg_constraint
                    WHERE contype = 'f' AND conrelid = to_regclass($1))
                """, [.text(name.sql)]
            ).first
            oids.append(try row?.value(0) ?? 0)
            parents.append(Set(try row?.array(1) ?? []))
        }
        var order: [Int] = []
        var left = Array(names.indices)
        while !left.isEmpty {
            let open = Set(left.map { oids[$0] })
            let next =
                left.firstIndex { parents[$0].subtracting([oids[$0]]).isDisjoint(with: open) } ?? 0
            order.append(left.remove(at: next))
        }
        return order
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
        var open = parts.indices.flatMap { part in
            parts[part].groups.enumerated().map { place, rows in
                Unit(
                    part: part, place: place,
                    moment: Double(rows.last ?? 0) / Double(parts[part].rows.count), rows: rows)
            }
        }
        // Each piece is checked as a COMMIT would check it; only so does a refusal say what it is about.
        try connection.script("SET CONSTRAINTS ALL DEFERRED")
        if open.count > RowIsolation.probedKeys, try !takesAny(of: open, &applier) {
            isRefusedAsWhole = true
            return
        }
        var waits = 0
        while !open.isEmpty {
            open = try settle(open, &applier)
            // Whoever waits for others may wait for earlier changes of their keys.
            let mayWait =
                waits < RowIsolation.maximumWaits
                && open.contains { !$0.mayDependOnOthers && $0.rows.count > 1 }
            waits += 1
            for index in open.indices where !mayWait || !open[index].mayDependOnOthers {
                guard let row = open[index].rows.popLast(), let reason = open[index].refusal
                else { continue }
                refused.append(
                    RefusedRow(
                        table: parts[open[index].part].table, row: row, reason: reason.description))
            }
            open.removeAll(where: \.rows.isEmpty)
        }
    }

    /// Finds out, without writing anything, whether the tables take any of some keys.
    ///
    /// - Returns: whether they do; where they don't, those keys are refused.
    private mutating func takesAny(
        of units: [Unit], _ applier: inout TableApplier
    ) throws -> Bool {
        var open = sample(units)
        try connection.script("SAVEPOINT millrace_probe")
        var refusals: [RefusedRow] = []
        while !open.isEmpty {
            let rest = try pass(open, &applier, untilWritten: true)
            if hasWritten {
                hasWritten = false
                try connection.script(
                    "ROLLBACK TO SAVEPOINT millrace_probe; RELEASE SAVEPOINT millrace_probe")
                return true
            }
            for unit in rest {
                guard let row = unit.rows.last, let reason = unit.refusal else { continue }
                refusals.append(
                    RefusedRow(
                        table: parts[unit.part].table, row: row, reason: reason.description))
            }
            // Of a key whose last change is refused the one before counts.
            open = rest
            for index in open.indices { open[index].rows.removeLast() }
            open.removeAll(where: \.rows.isEmpty)
        }
        try connection.script("RELEASE SAVEPOINT millrace_probe")
        refused += refusals
        return false
    }

    /// The keys that are probed, with their last changes.
    private func sample(_ units: [Unit]) -> [Unit] {
        let half = RowIsolation.probedKeys / 2
        var chosen: Set<[Int]> = []
        return
            (sorted(units, byTable: false).prefix(half) + sorted(units, byTable: true).prefix(half))
            .compactMap { unit in
                guard chosen.insert([unit.part, unit.place]).inserted else { return nil }
                var unit = unit
                unit.rows = unit.rows.suffix(RowIsolation.probedChanges)
                return unit
            }
    }

    /// Writes the last change of as many keys as possible.
    ///
    /// - Returns: the others, each with the reason.
    private mutating func settle(
        _ units: [Unit], _ applier: inout TableApplier
    ) throws -> [Unit] {
        var refused: [Unit] = []
        var open = units
        for number in 0..<RowIsolation.maximumPasses {
            let count = open.count
            let rest = try pass(sorted(open, byTable: number % 2 == 1), &applier)
            refused += rest.filter { !$0.mayDependOnOthers }
            open = rest.filter(\.mayDependOnOthers)
            if open.isEmpty { break }
            if rest.count == count {
                let left = try together(open, &applier)
                let isDone = left.count == open.count
                open = left
                if isDone { break }
            }
        }
        return refused + open
    }

    private func sorted(_ units: [Unit], byTable: Bool) -> [Unit] {
        units.sorted { a, b in
            byTable
                ? (rank[a.part], a.place) < (rank[b.part], b.place)
                : (a.moment, a.part, a.place) < (b.moment, b.part, b.place)
        }
    }

    /// Tries all, then halves of what is refused, then halves of those.
    ///
    /// - Parameter untilWritten: whether it ends with the first piece that is written.
    /// - Returns: what is refused by itself.
    private mutating func pass(
        _ units: [Unit], _ applier: inout TableApplier, untilWritten: Bool = false
    ) throws -> [Unit] {
        var refused: [Unit] = []
        var pieces = [units[...]]
        while !pieces.isEmpty {
            var halves: [ArraySlice<Unit>] = []
            // Side by side: what was refused for the sake of others finds them written when its halves are tried.
            for piece in pieces where !piece.isEmpty {
                guard let error = try attempt(piece, &applier) else {
                    if untilWritten { return refused }
                    continue
                }
                if piece.count == 1, var unit = piece.first {
                    unit.refusal = error
                    refused.append(unit)
                } else {
                    let middle = piece.startIndex + piece.count / 2
                    halves += [piece[..<middle], piece[middle...]]
                }
            }
            pieces = halves
        }
        return refused
    }

    /// Tries what is left of rows that may refer to one another: all but one of them, then in pairs.
    ///
    /// - Returns: what is refused still.
    private mutating func together(
        _ units: [Unit], _ applier: inout TableApplier
    ) throws -> [Unit] {
        guard (3...RowIsolation.maximumTogether).contains(units.count) else { return units }
        for index in units.indices {
            var others = units
            let left = others.remove(at: index)
            if try attempt(others[...], &applier) == nil { return [left] }
        }
        var open = units
        var first = 0
        while first < open.count {
            var partner: Int?
            for second in open.indices where second > first && partner == nil {
                if try attempt([open[first], open[second]], &applier) == nil { partner = second }
            }
            if let partner {
                open.remove(at: partner)
                open.remove(at: first)
            } else {
                first += 1
            }
        }
        return open
    }

    /// Writes the last change of some keys, or none of them.
    ///
    /// - Returns: why the database refuses them; nil when it doesn't.
    private mutating func attempt(
        _ units: ArraySlice<Unit>, _ applier: inout TableApplier
    ) throws -> PostgresError? {
        guard now() < deadline else { throw OutOfTime() }
        tries += 1
        let sets = try order.compactMap { part -> ChangeSet? in
            let rows = units.filter { $0.part == part }.compactMap(\.rows.last).sorted()
            if rows.isEmpty { return nil }
            return try ChangeSet(parts[part].layout, rows: rows.map { parts[part].rows[$0] })
        }
        try connection.script("SAVEPOINT millrace_piece")
        do {
            try applier.apply(sets, on: connection)
            try connection.script(
                """
                SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;
                RELEASE SAVEPOINT millrace_piece
                """)
            hasWritten = true
            return nil
        } catch let error as PostgresError where error.isOfRows {
            try connection.script(
                "ROLLBACK TO SAVEPOINT millrace_piece; RELEASE SAVEPOINT millrace_piece")
            return error
        }
    }
}
