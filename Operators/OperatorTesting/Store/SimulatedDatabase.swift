internal import Records
public import Runtime
public import State

/// A database in memory: tables, and the positions of tasks with the generation of whoever claimed each last.
///
/// For one thread. A commit is one transaction: all of it holds, or nothing.
public final class SimulatedDatabase {
    struct Table {
        var spec: TableSpec
        var rows: [[UInt8]: [TableValue]] = [:]
    }

    struct Claim {
        var generation: UInt64
        var position: CommitPosition?
    }

    var tables: [String: Table] = [:]
    var claims: [TaskID: Claim] = [:]
    /// Whether whoever has claimed a task once may commit for ever; for the tests of the tests.
    var ignoresGenerations = false
    /// What goes wrong; nil: nothing.
    public var faults: FaultPlan?
    /// What time it is, for what lasts for seconds.
    var clock: any EventClock = ManualClock(EventTime(milliseconds: 0))
    /// Until when the tables of a task take nothing.
    private var brokenUntil: [TaskID: EventTime] = [:]
    /// For how long a table is broken.
    static let brokenMilliseconds: Int64 = 3_000
    /// Why a row is not taken, as by a constraint; nil: it is.
    public var refusal: (TableSpec, RowChange) -> String? = { _, _ in nil }
    /// Whether the tables take nothing of a task, as when a trigger is broken.
    public var takesNothing: (TaskID) -> Bool = { _ in false }
    /// Whether the database can't be reached.
    public var isDown = false

    /// Makes an empty database.
    public init() {}

    /// The rows of a table, in the order of their keys' bytes; none when there is no such table.
    public func rows(of table: String) -> [[TableValue]] {
        guard let table = tables[table] else { return [] }
        return table.rows.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    /// Where a task stands.
    public func position(of task: TaskID) -> CommitPosition? { claims[task]?.position }

    /// A commit authority, as one worker has it.
    ///
    /// - Parameter reached: told where in the commit protocol it stands.
    public func makeAuthority(
        reached: @escaping (CrashPoint) throws -> Void = { _ in }
    ) -> SimulatedAuthority {
        SimulatedAuthority(self, reached: reached)
    }

    /// A writer of rows outside of commits.
    public func makeWriter() -> SimulatedTableWriter { SimulatedTableWriter(self) }

    /// - Throws: an error that may pass, while the database can't be reached.
    func checkReachable() throws {
        guard isDown else { return }
        throw DataflowError(
            .databaseUnavailable, domain: .external, retry: .backoff, "the database is down")
    }

    /// - Throws: an error that may pass, while the tables of a task take nothing.
    func checkTables(of task: TaskID) throws {
        if takesNothing(task) { throw SimulatedDatabase.refused(task) }
        if faults?.strikes(.tableBroken, oneIn: 12) ?? false {
            brokenUntil[task] = clock.now()
                .advanced(byMilliseconds: SimulatedDatabase.brokenMilliseconds)
        }
        guard let end = brokenUntil[task] else { return }
        let left = end.millisecondsSince(clock.now())
        // A clock that was turned back mends it, too.
        guard left > 0, left <= SimulatedDatabase.brokenMilliseconds else {
            brokenUntil[task] = nil
            return
        }
        throw SimulatedDatabase.refused(task)
    }

    private static func refused(_ task: TaskID) -> DataflowError {
        DataflowError(
            .rejected, domain: .user, retry: .backoff,
            "the database refused every row of task \(task)")
    }

    /// Creates what is missing of a table.
    func prepare(_ spec: TableSpec) throws {
        let names = spec.columns.map(\.name)
        guard !spec.key.isEmpty, spec.keyIndexes != nil, Set(names).count == names.count,
            spec.dayPartitionColumn.map({ day in
                spec.columns.contains { $0.name == day && $0.type == .time }
            }) ?? true
        else {
            throw DataflowError(
                .tableMismatch, domain: .user,
                "table \(spec.name) needs a key, each column once, and days of a time column")
        }
        if let table = tables[spec.name] {
            guard table.spec == spec else {
                throw DataflowError(
                    .tableMismatch, domain: .user, "table \(spec.name) has other columns")
            }
        } else {
            tables[spec.name] = Table(spec: spec)
        }
    }

    /// Applies changes, all or none.
    func apply(_ changes: [TableChanges]) throws {
        let before = tables
        do {
            for change in changes {
                try prepare(change.table)
                for row in change.rows { try apply(row, to: change.table) }
            }
        } catch {
            tables = before
            throw error
        }
    }

    /// Takes those changes out that the database refuses, and puts dead letters in their place.
    func accepted(_ decision: CommitDecision) throws -> [TableChanges] {
        var tables = decision.tables
        var refused: [RefusedRow] = []
        for (table, changes) in decision.tables.enumerated() {
            tables[table].rows = []
            for (row, change) in changes.rows.enumerated() {
                if let reason = refusal(changes.table, change) {
                    refused.append(RefusedRow(table: table, row: row, reason: reason))
                } else {
                    tables[table].rows.append(change)
                }
            }
        }
        if refused.isEmpty { return tables }
        guard let letters = decision.letters else {
            throw DataflowError(.rejected, domain: .user, refused[0].reason)
        }
        return tables + [letters(refused)]
    }

    private func apply(_ change: RowChange, to spec: TableSpec) throws {
        let indexes = spec.keyIndexes ?? []
        switch change {
        case .upsert(let values):
            guard values.count == spec.columns.count,
                zip(values, spec.columns).allSatisfy({ $0.fits($1.type) })
            else { throw SimulatedDatabase.unfit(spec) }
            let key = SimulatedDatabase.bytes(indexes.map { values[$0] })
            tables[spec.name]?.rows[key] = values
        case .delete(let key):
            guard key.count == indexes.count,
                zip(key, indexes).allSatisfy({ $0.fits(spec.columns[$1].type) })
            else { throw SimulatedDatabase.unfit(spec) }
            tables[spec.name]?.rows[SimulatedDatabase.bytes(key)] = nil
        }
    }

    private static func unfit(_ spec: TableSpec) -> DataflowError {
        DataflowError(
            .tableMismatch, domain: .user, "a row does not fit the columns of \(spec.name)")
    }

    /// A key's bytes: two keys are equal when these are.
    private static func bytes(_ key: [TableValue]) -> [UInt8] {
        var writer = ByteWriter()
        for value in key { value.encode(into: &writer) }
        return writer.bytes
    }
}

extension TableValue {
    fileprivate func fits(_ type: ColumnType) -> Bool {
        switch (self, type) {
        case (.null, _), (.integer, .integer), (.double, .double), (.text, .text),
            (.bytes, .bytes), (.time, .time), (.boolean, .boolean):
            true
        default: false
        }
    }

    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .null: writer.integer(UInt8(0))
        case .integer(let value):
            writer.integer(UInt8(1))
            // The sign turned over, so that the bytes are in the order of the numbers.
            writer.bigEndian(UInt64(bitPattern: value) ^ (1 << 63))
        case .double(let value):
            writer.integer(UInt8(2))
            writer.double(value)
        case .text(let value):
            writer.integer(UInt8(3))
            writer.string(value)
        case .bytes(let value):
            writer.integer(UInt8(4))
            writer.lengthPrefixed(value)
        case .time(let value):
            writer.integer(UInt8(5))
            writer.bigEndian(UInt64(bitPattern: value.milliseconds) ^ (1 << 63))
        case .boolean(let value):
            writer.integer(UInt8(6))
            value.encode(into: &writer)
        }
    }
}
