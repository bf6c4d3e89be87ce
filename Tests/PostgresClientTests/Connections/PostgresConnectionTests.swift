import DatabaseFixture
import Foundation
import PostgresClient
import Records
import State
import Testing

@Suite(
    "A connection", .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct PostgresConnectionTests {
    @Test("texts, bytes and numbers come back as they went", arguments: 0..<4)
    func roundTrips(seed: UInt64) async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            var random = SeededGenerator(seed: seed)
            for _ in 0..<200 {
                let text = PostgresConnectionTests.text(&random)
                let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                let bits = Double(bitPattern: random.next())
                let integer = Int64(bitPattern: random.next())
                let time = EventTime(
                    milliseconds: Int64.random(
                        in: -210_866_803_200_000..<9_224_318_016_000_000, using: &random))
                let row = try #require(
                    connection.query(
                        "SELECT $1, $2, $3, $4, $5, $6::text, octet_length($1), octet_length($2)",
                        [
                            .text(text), .bytes(bytes), .double(bits), .integer(integer),
                            .time(time), .null(.text),
                        ]
                    ).first)
                #expect(try row.value(0, as: String.self).utf8.elementsEqual(text.utf8))
                #expect(try row.bytes(1) == bytes)
                let double: Double = try row.value(2)
                #expect(double.bitPattern == bits.bitPattern || (double.isNaN && bits.isNaN))
                #expect(try row.value(3) == integer)
                #expect(try row.value(4) == time)
                #expect(try row.optional(5, as: String.self) == nil)
                #expect(try row.value(6) == Int64(text.utf8.count))
                #expect(try row.value(7) == Int64(bytes.count))
            }
        }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...60, using: &random) {
            let limit: UInt32 = Bool.random(using: &random) ? 0x7f : 0x10ffff
            if let scalar = Unicode.Scalar(UInt32.random(in: 1...limit, using: &random)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    @Test("arrays and the ends of time come back as they went")
    func arrays() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            let row = try #require(
                connection.query(
                    "SELECT $1, $2, $3, $4, $5, $4 = 'infinity', $5 = '-infinity', '{}'::text[]",
                    [
                        .integers([.min, 0, .max]), .int32s([]), .texts(["", "ä", "{\"}"]),
                        .time(.max), .time(.min),
                    ]
                ).first)
            #expect(try row.array(0) == [Int64.min, 0, Int64.max])
            #expect(try row.array(1) == [Int32]())
            #expect(try row.array(2) == ["", "ä", "{\"}"])
            #expect(try row.value(3) == EventTime.max)
            #expect(try row.value(4) == EventTime.min)
            #expect(try row.value(5) == true)
            #expect(try row.value(6) == true)
            #expect(try row.array(7) == [String]())
        }
    }

    @Test("values that PostgreSQL can't store are refused before they are sent")
    func unfit() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            let unfit: [PostgresParameter] = [
                .text("secret\u{0}"), .texts(["a", "secret\u{0}"]),
                .time(EventTime(milliseconds: -210_866_803_200_001)),
                .time(EventTime(milliseconds: 9_224_318_016_000_000)),
            ]
            for parameter in unfit {
                let error = #expect(throws: PostgresError.self) {
                    try connection.query("SELECT $1::text, $2", [.text("a"), parameter])
                }
                #expect(error?.condition == .unfitValue)
                #expect(error?.message.contains("parameter 2") == true)
                #expect(error?.description.contains("secret") == false)
            }
            // The very last milliseconds that fit do.
            for time in [-210_866_803_200_000, 9_224_318_015_999_999] {
                let row = try #require(
                    connection.query(
                        "SELECT $1", [.time(EventTime(milliseconds: Int64(time)))]
                    ).first)
                #expect(try row.value(0) == EventTime(milliseconds: Int64(time)))
            }
        }
    }

    @Test("reading past the end, NULL or another type throws")
    func accessors() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            let result = try connection.query("SELECT 1::bigint AS one, NULL::text AS none")
            #expect(result.columnNames == ["one", "none"])
            #expect(throws: PostgresError.self) { try result[1].value(0, as: Int64.self) }
            #expect(throws: PostgresError.self) { try result[-1].value(0, as: Int64.self) }
            #expect(throws: PostgresError.self) { try result[0].value(2, as: Int64.self) }
            #expect(throws: PostgresError.self) { try result[0].value(-1, as: Int64.self) }
            #expect(throws: PostgresError.self) { try result[0].value(0, as: String.self) }
            #expect(throws: PostgresError.self) { try result[0].value(1, as: String.self) }
            #expect(throws: PostgresError.self) { try result[0].array(0, of: Int64.self) }
            #expect(throws: PostgresError.self) { try result[0].bytes(0) }
        }
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var sql: String
        var state: String
        var condition: PostgresError.Condition
        var code: DataflowError.Code
        var testDescription: String { "\(state) \(condition.rawValue)" }
    }

    @Test(
        "a server's error keeps its SQLSTATE, says what can be done and shows no value",
        arguments: [
            Fault(
                sql: "INSERT INTO t VALUES (1, 's3cr3t')", state: "23505", condition: .constraint,
                code: .tableMismatch),
            Fault(
                sql: "INSERT INTO t VALUES (NULL, 's3cr3t')", state: "23502",
                condition: .constraint, code: .tableMismatch),
            Fault(
                sql: "INSERT INTO t VALUES (2, 's3cr3t too long')", state: "22001",
                condition: .dataException, code: .tableMismatch),
            Fault(
                sql: "SELECT 's3cr3t'::text::bigint", state: "22P02", condition: .dataException,
                code: .tableMismatch),
            Fault(
                sql: "SELECT * FROM absent", state: "42P01", condition: .undefined,
                code: .tableMismatch),
            Fault(
                sql: "DO $$ BEGIN RAISE 's3cr3t'; END $$", state: "P0001", condition: .other,
                code: .databaseUnavailable),
            Fault(
                sql: "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", state: "40001",
                condition: .conflict, code: .databaseUnavailable),
            Fault(
                sql: "DO $$ BEGIN RAISE SQLSTATE '53200'; END $$", state: "53200",
                condition: .exhausted, code: .databaseUnavailable),
            Fault(
                sql: "DO $$ BEGIN RAISE SQLSTATE '55006'; END $$", state: "55006",
                condition: .unready, code: .databaseUnavailable),
            Fault(
                sql: "DO $$ BEGIN RAISE SQLSTATE '55000'; END $$", state: "55000",
                condition: .unready, code: .databaseUnavailable),
            Fault(
                sql: "DO $$ BEGIN RAISE SQLSTATE 'XX000'; END $$", state: "XX000",
                condition: .unready, code: .databaseUnavailable),
        ])
    func classification(fault: Fault) async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script("CREATE TABLE t (id bigint PRIMARY KEY, body varchar(8))")
            try connection.script("INSERT INTO t VALUES (1, 'a')")
            let error = #expect(throws: PostgresError.self) { try connection.query(fault.sql) }
            #expect(error?.sqlState == fault.state)
            #expect(error?.condition == fault.condition)
            #expect(error?.dataflowError.code == fault.code)
            #expect(error?.description.contains("s3cr3t") == false)
            #expect(error?.dataflowError.message.contains(fault.state) == true)
            #expect(connection.isHealthy())
        }
    }

    @Test("statements and waits for locks end by their timeouts")
    func timeouts() async throws {
        try await TestDatabase.withSchema { configuration in
            // What is set up is not timed, and each connection has the one bound that it is to hit.
            let other = try PostgresConnection(configuration)
            try other.script("CREATE TABLE t (id bigint PRIMARY KEY)")
            var brief = configuration
            brief.statementTimeout = .milliseconds(100)
            let connection = try PostgresConnection(brief)
            let slow = #expect(throws: PostgresError.self) {
                try connection.query("SELECT pg_sleep(60)")
            }
            #expect(slow?.condition == .cancelled)
            #expect(slow?.dataflowError.retry == .backoff)
            try other.script("BEGIN; LOCK TABLE t")
            var impatient = configuration
            impatient.lockTimeout = .milliseconds(50)
            let waiting = try PostgresConnection(impatient)
            let locked = #expect(throws: PostgresError.self) {
                try waiting.query("SELECT * FROM t")
            }
            #expect(locked?.condition == .lockTimeout)
            #expect(locked?.sqlState == "55P03")
            #expect(locked?.dataflowError.retry == .backoff)
        }
    }

    @Test("a transaction is all or nothing, and the connection goes on after a failure")
    func transactions() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script("CREATE TABLE t (id bigint PRIMARY KEY)")
            #expect(throws: PostgresError.self) {
                try connection.transaction {
                    try connection.query("INSERT INTO t VALUES (1)")
                    try connection.query("INSERT INTO t VALUES (1)")
                }
            }
            // An error that the body swallows still fails the transaction at its end.
            let swallowed = #expect(throws: PostgresError.self) {
                try connection.transaction {
                    try connection.query("INSERT INTO t VALUES (2)")
                    _ = try? connection.query("SELECT 1 / 0")
                }
            }
            #expect(swallowed?.condition == .conflict)
            #expect(connection.isHealthy())
            try connection.transaction { _ = try connection.query("INSERT INTO t VALUES (3)") }
            let rows = try connection.query("SELECT id FROM t").map {
                try $0.value(0, as: Int64.self)
            }
            #expect(rows == [3])
        }
    }

    @Test("a backend that is killed inside a transaction takes the transaction with it")
    func killed() async throws {
        try await TestDatabase.withSchema { configuration in
            let admin = try PostgresConnection(configuration)
            try admin.script("CREATE TABLE t (id bigint PRIMARY KEY)")
            let connection = try PostgresConnection(configuration)
            let error = #expect(throws: PostgresError.self) {
                try connection.transaction {
                    try connection.query("INSERT INTO t VALUES (1)")
                    try admin.query(
                        "SELECT pg_terminate_backend($1, 10000)", [.int32(connection.backendPID)])
                    try connection.query("INSERT INTO t VALUES (2)")
                }
            }
            #expect(error?.condition == .connectionLost)
            #expect(error?.dataflowError.retry == .backoff)
            #expect(!connection.isHealthy())
            #expect(try admin.query("SELECT FROM t").isEmpty)
        }
    }

    @Test("a backend that is killed during COMMIT leaves the outcome unknown")
    func killedInCommit() async throws {
        try await TestDatabase.withSchema { configuration in
            let admin = try PostgresConnection(configuration)
            try admin.script(SlowCommit.script(table: "t"))
            let outcome = TestDatabase.startOnThread {
                let connection = try PostgresConnection(configuration)
                return #expect(throws: PostgresError.self) {
                    try connection.transaction {
                        _ = try connection.query("INSERT INTO t VALUES (1)")
                    }
                }
            }
            #expect(try SlowCommit.kill(by: admin))
            let error = try await outcome.value()
            #expect(error?.condition == .outcomeUnknown)
            #expect(error?.dataflowError.retry == .restart)
        }
    }

    @Test("rows loaded by COPY equal rows sent as arrays", arguments: 0..<3)
    func copy(seed: UInt64) async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            let rows = RandomRows.make(count: 2_000, seed: seed)
            for name in ["by_copy", "by_array"] {
                try PostgresTableWriter(configuration).prepare(RandomRows.table(name))
            }
            let table = RandomRows.table("by_copy")
            #expect(
                try connection.copy(into: "by_copy", columns: table.columns, rows: rows) == 2_000)
            try PostgresTableWriter(configuration).write([
                TableChanges(table: RandomRows.table("by_array"), rows: rows.map { .upsert($0) })
            ])
            // Compared by their images, so that 0.0 and -0.0, or texts equal by collation, differ.
            let differing = try connection.query(
                """
                SELECT FROM by_copy one FULL JOIN by_array other USING (id, part)
                WHERE one.id IS NULL OR other.id IS NULL OR one.* *<> other.*
                """)
            #expect(differing.isEmpty)
            #expect(try connection.query("SELECT FROM by_array").count == 2_000)
        }
    }

    @Test("a COPY with an unfit row or a taken key loads nothing and leaves the connection usable")
    func copyFails() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script("CREATE TABLE t (id bigint PRIMARY KEY, body text)")
            let columns: [TableSpec.Column] = [.init("id", .integer), .init("body", .text)]
            let good: [[TableValue]] = (0..<5_000).map { [.integer($0), .text("s3cr3t")] }
            let bad: [[TableValue]] = [
                [.integer(1), .text("s3cr3t\u{0}")], [.integer(1)], [.integer(1), .integer(1)],
                [.integer(0), .text("s3cr3t")], [.null, .text("s3cr3t")],
            ]
            for row in bad {
                let error = #expect(throws: PostgresError.self) {
                    try connection.copy(into: "t", columns: columns, rows: good + [row])
                }
                #expect(error?.description.contains("s3cr3t") == false)
                #expect(connection.isHealthy())
            }
            #expect(throws: PostgresError.self) {
                try connection.copy(into: "absent", columns: columns, rows: good)
            }
            #expect(try connection.query("SELECT FROM t").isEmpty)
        }
    }

    @Test("a COPY that is started by a query is refused")
    func copyByQuery() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            let error = #expect(throws: PostgresError.self) {
                try connection.script("COPY (SELECT 1) TO STDOUT")
            }
            #expect(error?.condition == .misuse)
            #expect(connection.isBroken)
            #expect(throws: PostgresError.self) { try connection.query("SELECT 1") }
        }
    }
}
