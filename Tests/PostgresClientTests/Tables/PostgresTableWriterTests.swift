import DatabaseFixture
import Foundation
import PostgresClient
import Records
import State
import StoreContract
import Testing

@Suite(
    "The table writer", .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct PostgresTableWriterTests {
    static func rows(
        _ table: TableSpec, _ connection: PostgresConnection
    ) throws -> [[TableValue]] {
        let columns = table.columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
        return try connection.query("SELECT \(columns) FROM \(table.name)").map { row in
            try table.columns.enumerated().map { index, column in
                if try row.isNull(index) { return .null }
                return switch column.type {
                case .integer: .integer(try row.value(index))
                case .double: .double(try row.value(index))
                case .text: .text(try row.value(index))
                case .bytes: .bytes(try row.bytes(index))
                case .time: .time(try row.value(index))
                case .boolean: .boolean(try row.value(index))
                }
            }
        }
    }

    @Test("keeps the contract", arguments: TableContract.allCases)
    func contract(promise: TableContract) async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try promise.check(PostgresTableWriter(configuration)) { table in
                try PostgresTableWriterTests.rows(table, connection)
            }
        }
    }

    @Test("names each difference of a table that does not fit")
    func mismatch() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(
                """
                CREATE TABLE t (id integer, body varchar(10), at timestamptz(0), other text NOT NULL,
                    fine text NOT NULL DEFAULT '', twice bigint GENERATED ALWAYS AS (id * 2) STORED,
                    PRIMARY KEY (id, body));
                CREATE VIEW v AS SELECT 1::bigint AS id
                """)
            let table = TableSpec(
                "t",
                columns: [
                    .init("id", .integer), .init("body", .text), .init("at", .time),
                    .init("missing", .double), .init("twice", .integer),
                ], key: ["id"], dayPartitionColumn: nil)
            let error = #expect(throws: DataflowError.self) {
                try PostgresTableWriter(configuration).prepare(table)
            }
            #expect(error?.code == .tableMismatch)
            #expect(error?.domain == .user)
            for difference in [
                "column id is integer instead of bigint",
                "column body is character varying(10) instead of text",
                "column at is timestamp(0) with time zone instead of timestamptz",
                "column missing double precision is missing", "column twice is generated",
                "column other is NOT NULL without a default and is not written",
                "its key is (id, body) instead of (id)",
            ] {
                #expect(error?.message.contains(difference) == true, "\(difference)")
            }
            #expect(error?.message.contains("fine") == false)
            let view = TableSpec("v", columns: [.init("id", .integer)], key: ["id"])
            let noTable = #expect(throws: DataflowError.self) {
                try PostgresTableWriter(configuration).prepare(view)
            }
            #expect(noTable?.message.contains("it is no table") == true)
        }
    }

    @Test("takes a table that has more than it writes, and a unique index for a key")
    func fitting() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(
                """
                CREATE TABLE t (serial bigserial PRIMARY KEY, b text NOT NULL, a bigint NOT NULL,
                    extra text, UNIQUE (b, a))
                """)
            let table = TableSpec(
                "t", columns: [.init("a", .integer), .init("b", .text)], key: ["a", "b"])
            let writer = PostgresTableWriter(configuration)
            try writer.prepare(table)
            let row: [TableValue] = [.integer(1), .text("x")]
            // A key alone: the second time there is nothing to update.
            for _ in 0..<2 { try writer.write([TableChanges(table: table, rows: [.upsert(row)])]) }
            #expect(try PostgresTableWriterTests.rows(table, connection) == [row])
        }
    }

    @Test("quotes every name, in a schema that it makes")
    func names() async throws {
        try await TestDatabase.withSchema { configuration in
            let table = TableSpec(
                "odd \"schema\".select; drop'",
                columns: [.init("order\"", .integer), .init("ä b", .text)], key: ["order\""])
            let writer = PostgresTableWriter(configuration)
            try writer.write([
                TableChanges(
                    table: table,
                    rows: [.upsert([.integer(1), .text("a")]), .upsert([.integer(2), .null])])
            ])
            try writer.write([TableChanges(table: table, rows: [.delete([.integer(1)])])])
            let count = try PostgresConnection(configuration).query(
                "SELECT \"order\"\"\" FROM \"odd \"\"schema\"\"\".\"select; drop'\"")
            #expect(try count.map { try $0.value(0, as: Int64.self) } == [2])
            for name in ["", "a.b.c", ".a", "a.", String(repeating: "x", count: 64), "a\u{0}"] {
                #expect(throws: DataflowError.self) {
                    try writer.prepare(
                        TableSpec(name, columns: [.init("id", .integer)], key: ["id"]))
                }
            }
        }
    }

    @Test("doubles are one key where PostgreSQL takes them for one")
    func doubleKeys() async throws {
        try await TestDatabase.withSchema { configuration in
            let table = TableSpec(
                "t", columns: [.init("k", .double), .init("n", .integer)], key: ["k"])
            let keys: [Double] = [0.0, -0.0, .nan, -.nan, 1, -1, .infinity, -.infinity]
            let rows = keys.enumerated().map { index, key in
                RowChange.upsert([.double(key), .integer(Int64(index))])
            }
            try PostgresTableWriter(configuration).write([TableChanges(table: table, rows: rows)])
            let kept = try PostgresConnection(configuration).query("SELECT n FROM t ORDER BY k")
            #expect(try kept.map { try $0.value(0, as: Int64.self) } == [7, 5, 1, 4, 6, 3])
        }
    }

    @Test("a row that PostgreSQL can't store is named by its place, and nothing is written")
    func unfitRows() async throws {
        try await TestDatabase.withSchema { configuration in
            let table = RandomRows.table("t")
            let writer = PostgresTableWriter(configuration)
            try writer.prepare(table)
            let good = RandomRows.make(count: 10, seed: 1)
            func changed(_ column: Int, _ value: TableValue) -> [TableValue] {
                var row = good[3]
                row[column] = value
                return row
            }
            let unfit: [([TableValue], String)] = [
                (changed(0, .null), "row 3 of t: column id belongs to the key and is NULL"),
                (
                    changed(1, .text("s3cr3t\u{0}")),
                    "row 3 of t: column part holds a text with a NUL"
                ),
                (changed(3, .text("s3cr3t\u{0}")), "column t holds a text with a NUL"),
                (changed(5, .time(EventTime(milliseconds: .max - 1))), "column at holds a time"),
                (changed(2, .text("s3cr3t")), "column d takes double precision"),
                (Array(good[3].dropLast()), "row 3 of t: has 6 values for 7 columns"),
            ]
            for (row, message) in unfit {
                var rows = good
                rows[3] = row
                let error = #expect(throws: DataflowError.self) {
                    try writer.write([TableChanges(table: table, rows: rows.map { .upsert($0) })])
                }
                #expect(error?.code == .rejected)
                #expect(error?.domain == .user)
                #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("s3cr3t") == false)
            }
            let connection = try PostgresConnection(configuration)
            #expect(try connection.query("SELECT FROM t").isEmpty)
        }
    }

    @Test("an own connection that was killed is replaced at the next write")
    func reconnects() async throws {
        try await TestDatabase.withSchema { configuration in
            var named = configuration
            named.applicationName = "victim \(UUID())"
            let table = RandomRows.table("t")
            let rows = RandomRows.make(count: 10, seed: 1)
            let writer = PostgresTableWriter(named)
            try writer.prepare(table)
            let admin = try PostgresConnection(configuration)
            try admin.query(
                """
                SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                WHERE application_name = $1
                """, [.text(named.applicationName)])
            try writer.write([TableChanges(table: table, rows: rows.map { .upsert($0) })])
            #expect(try admin.query("SELECT FROM t").count == 10)
        }
    }

    @Test(
        "writers that change the same rows in any order all finish, upserting without a deadlock",
        arguments: [false, true])
    func race(withDeletes: Bool) async throws {
        try await TestDatabase.withSchema { configuration in
            let table = TableSpec(
                "t", columns: [.init("id", .integer), .init("body", .text)], key: ["id"])
            try PostgresTableWriter(configuration).prepare(table)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 as Range<UInt64> {
                    group.addTask {
                        try await TestDatabase.onThread {
                            try PostgresTableWriterTests.writeAtRandom(
                                configuration, table, seed: number, withDeletes: withDeletes)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let connection = try PostgresConnection(configuration)
            #expect(try connection.query("SELECT FROM t").isEmpty == false)
        }
    }

    /// Changes most of few keys, so that writers meet.
    private static func writeAtRandom(
        _ configuration: PostgresConfiguration, _ table: TableSpec, seed: UInt64, withDeletes: Bool
    ) throws {
        var random = SeededGenerator(seed: seed)
        let writer = PostgresTableWriter(configuration)
        for _ in 0..<(withDeletes ? 4 : 15) {
            var keys = Array(0..<400 as Range<Int64>)
            keys.shuffle(using: &random)
            let rows = keys.prefix(300).map { key -> RowChange in
                withDeletes && Int.random(in: 0..<3, using: &random) == 0
                    ? .delete([.integer(key)]) : .upsert([.integer(key), .text("w\(seed)")])
            }
            for attempt in 1...10 {
                do {
                    try writer.write([TableChanges(table: table, rows: rows)])
                    break
                } catch let error as DataflowError
                    where withDeletes && error.retry == .backoff && attempt < 10
                {
                    // Three writers that delete and insert one key anew can still meet crosswise.
                    continue
                }
            }
        }
    }
}
