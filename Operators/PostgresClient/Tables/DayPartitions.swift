internal import Records

/// The partitions of tables by UTC day, made when the first row of a day comes.
///
/// A partition is made as a table of its own and attached, which takes a weaker lock on the parent
/// (SHARE UPDATE EXCLUSIVE) than `CREATE TABLE … PARTITION OF` (ACCESS EXCLUSIVE): writers of other
/// days go on meanwhile. An advisory lock lets one worker make it while the others wait.
struct DayPartitions {
    /// The most partitions that are made in one transaction: each takes some locks, and a server has room for
    /// thousands.
    static let maximumNewPartitions = 400
    /// The most partitions that are made for one batch; further days are no history that somebody loads, but rows
    /// with absurd times.
    static let maximumNewDays = 1_000
    /// The most days of one table that are remembered to be there.
    static let maximumKnownDays = 4_096

    private var known: [QualifiedName: Set<Int64>] = [:]

    /// The UTC day of a time, as days since 1970; nil outside of the years 1 to 9999.
    static func day(of time: EventTime) -> Int64? {
        guard (firstMillisecond..<endMillisecond).contains(time.milliseconds) else { return nil }
        return time.milliseconds.quotientAndFlooredRemainder(dividingBy: dayMilliseconds).0
    }

    private static let dayMilliseconds: Int64 = 86_400_000
    private static let firstMillisecond =
        CivilDate(year: 1, month: 1, day: 1).daysSince1970 * dayMilliseconds
    private static let endMillisecond =
        CivilDate(year: 10_000, month: 1, day: 1).daysSince1970 * dayMilliseconds

    /// The name of a day's partition: `table_YYYYMMDD`.
    static func name(_ parent: QualifiedName, day: Int64) -> QualifiedName {
        parent.sibling("\(parent.name)_\(digits(day, separator: ""))")
    }

    /// Makes the partitions that a batch needs and that are missing, in a transaction of its own.
    mutating func ensure(_ set: ChangeSet, on connection: PostgresConnection) throws {
        let table = set.layout.name
        let unknown = set.days.filter { known[table]?.contains($0) != true }
        guard !unknown.isEmpty else { return }
        let parent = try DayPartitions.located(table, connection)
        let missing = try DayPartitions.missing(unknown, parent, connection)
        guard missing.count <= DayPartitions.maximumNewDays else {
            // Some rows' fault: those of the other days can be written without them.
            throw PostgresError(
                .unfitValue,
                "one batch needs \(missing.count) new day partitions of \(parent); "
                    + "the bound is \(DayPartitions.maximumNewDays)")
        }
        var start = 0
        while start < missing.count {
            let end = min(missing.count, start + DayPartitions.maximumNewPartitions)
            try connection.transaction {
                try advisoryLock("partitions of \(parent)", on: connection)
                for day in try DayPartitions.missing(
                    Array(missing[start..<end]), parent, connection)
                {
                    try DayPartitions.create(day, parent, connection)
                }
            }
            start = end
        }
        let count = (known[table]?.count ?? 0) + unknown.count
        if count > DayPartitions.maximumKnownDays { known[table] = [] }
        known[table, default: []].formUnion(unknown)
    }

    /// The days, of those that a batch has rows of, for which no partitions are made: where too many are missing, the
    /// ones with the fewest rows, and of those the earliest.
    func excess(
        of rows: [Int64: Int], in table: QualifiedName, on connection: PostgresConnection
    ) throws -> Set<Int64> {
        let unknown = rows.keys.filter { known[table]?.contains($0) != true }.sorted()
        guard unknown.count > DayPartitions.maximumNewDays else { return [] }
        let parent = try DayPartitions.located(table, connection)
        let missing = try DayPartitions.missing(unknown, parent, connection)
        let order = missing.sorted { (rows[$0] ?? 0, $0) > (rows[$1] ?? 0, $1) }
        return Set(order.dropFirst(DayPartitions.maximumNewDays))
    }

    /// Forgets what is there, after a partition turned out to be gone.
    mutating func forget() { known = [:] }

    /// The table with the schema in which it was found: its partitions lie there too, and not in the first
    /// schema of the search path.
    private static func located(
        _ table: QualifiedName, _ connection: PostgresConnection
    ) throws -> QualifiedName {
        guard table.schema == nil else { return table }
        let found = try connection.query(
            "SELECT n.nspname::text FROM pg_catalog.pg_class c"
                + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                + " WHERE c.oid = to_regclass($1)", [.text(table.sql)])
        return try found.first.map { table.located(in: try $0.value(0)) } ?? table
    }

    /// The days that have no partition.
    ///
    /// A default partition takes the rows of any day: beside one none is made, as
    /// PostgreSQL refuses to attach a day of which it holds rows.
    private static func missing(
        _ days: [Int64], _ parent: QualifiedName, _ connection: PostgresConnection
    ) throws -> [Int64] {
        let names = days.map { name(parent, day: $0).sql }
        return try connection.query(
            """
            SELECT d.day FROM unnest($1::bigint[], $2::text[]) AS d(day, name)
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i
                WHERE i.inhrelid = to_regclass(d.name) AND i.inhparent = to_regclass($3))
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_partitioned_table t
                    WHERE t.partrelid = to_regclass($3) AND t.partdefid <> 0)
            ORDER BY d.day
            """, [.integers(days), .texts(names), .text(parent.sql)]
        ).map { try $0.value(0) }
    }

    private static func create(
        _ day: Int64, _ parent: QualifiedName, _ connection: PostgresConnection
    ) throws {
        let partition = name(parent, day: day).sql
        let from = digits(day, separator: "-")
        let to = digits(day + 1, separator: "-")
        try connection.script(
            """
            CREATE TABLE \(partition) (LIKE \(parent.sql) INCLUDING ALL);
            ALTER TABLE \(parent.sql) ATTACH PARTITION \(partition)
            FOR VALUES FROM ('\(from) 00:00:00+00') TO ('\(to) 00:00:00+00')
            """)
    }

    private static func digits(_ day: Int64, separator: String) -> String {
        let date = CivilDate(daysSince1970: day)
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return [padded(date.year, 4), padded(date.month, 2), padded(date.day, 2)]
            .joined(separator: separator)
    }
}

/// Takes a lock that lasts to the end of the transaction, named by a text.
func advisoryLock(_ name: String, on connection: PostgresConnection) throws {
    try connection.query(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [.text("millrace: \(name)")])
}
