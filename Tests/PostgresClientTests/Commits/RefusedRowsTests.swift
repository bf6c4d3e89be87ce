import DatabaseFixture
import Foundation
import PostgresClient
import Records
import State
import Testing

/// Rows that PostgreSQL refuses: dead letters of their own commit, while their neighbours are kept.
@Suite(
    "Rows that PostgreSQL refuses",
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct RefusedRowsTests {
    private let task = TaskID(run: "run-\(UUID())", stage: "stage", partition: 0)

    private func decision(
        _ offset: Int64, _ rows: [RowChange], table: TableSpec = RefusedCommit.table,
        of other: TaskID? = nil
    ) -> CommitDecision {
        RefusedCommit.decision(of: other ?? task, offset, rows, table: table)
    }

    private static func row(_ id: Int64, _ body: String) -> RowChange {
        .upsert([.integer(id), .text(body)])
    }

    private func authority(
        _ configuration: PostgresConfiguration, told: @escaping (DataflowError) -> Void = { _ in }
    ) throws -> PostgresCommitAuthority {
        try RefusedCommit.authority(of: task, configuration, told: told)
    }

    @Test("every bad row is a dead letter, every neighbour is there, the position moves once")
    func neighbours() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(
                "CREATE TABLE out (id bigint PRIMARY KEY, body text CHECK (body <> 'bad'))")
            var told: [DataflowError] = []
            let authority = try authority(configuration) { told.append($0) }
            var random = SeededGenerator(seed: 5)
            var (good, bad): ([Int64], [Int64]) = ([], [])
            let rows = (0..<300 as Range<Int64>).map { id -> RowChange in
                switch random.next() % 20 {
                case 0: bad.append(id); return Self.row(id, "bad")
                case 1: bad.append(id); return Self.row(id, "a\u{0}b")
                case 2: bad.append(id); return .upsert([.null, .text("no key")])
                case 3: bad.append(id); return .upsert([.integer(id), .integer(1)])
                case 4: bad.append(id); return .upsert([.integer(id)])
                default: good.append(id); return Self.row(id, "fine")
                }
            }
            try authority.decide([decision(1, rows)])
            #expect(try RefusedCommit.numbers("SELECT id FROM out ORDER BY id", connection) == good)
            #expect(
                try RefusedCommit.numbers("SELECT row FROM letters ORDER BY row", connection) == bad
            )
            #expect(bad.count > 30)
            #expect(authority.refusedRows == bad.count)
            #expect(told.count == 1 && told[0].message.contains("refused \(bad.count) rows"))
            // Of what the rows hold nothing is said.
            let reasons = try connection.query("SELECT DISTINCT reason FROM letters").map {
                try $0.value(0, as: String.self)
            }
            #expect(reasons.count == 5, "\(reasons)")
            #expect(!reasons.contains { $0.contains("no key") || $0.contains("'bad'") })
            #expect(
                try authority.claim(task, inputs: [])?.offsets == [RefusedCommit.input: Offset(1)])
        }
    }

    @Test("a table that takes nothing costs fewer than two tries a row, and loses none")
    func nothingFits() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(
                "CREATE TABLE out (id bigint PRIMARY KEY, body text CHECK (body <> 'bad'))")
            let authority = try authority(configuration)
            try authority.decide([decision(1, (0..<500).map { Self.row($0, "bad") })])
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM out", connection) == [0])
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM letters", connection) == [500])
            #expect(authority.isolationTries == 2 * 500 - 1)
        }
    }

    @Test("of a key whose last change is refused the one before counts; a refused delete, too")
    func earlierChanges() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(
                """
                CREATE TABLE out (id bigint PRIMARY KEY, body text CHECK (body <> 'bad'));
                CREATE TABLE child (id bigint REFERENCES out);
                INSERT INTO out VALUES (9, 'parent'); INSERT INTO child VALUES (9)
                """)
            let authority = try authority(configuration)
            try authority.decide([
                decision(
                    1,
                    [
                        Self.row(1, "first"), Self.row(2, "x"), Self.row(1, "second"),
                        Self.row(1, "bad"), Self.row(1, "bad"), .delete([.integer(9)]),
                        Self.row(3, "bad"), Self.row(3, "y"),
                    ])
            ])
            let rows = try connection.query("SELECT id || body FROM out ORDER BY id").map {
                try $0.value(0, as: String.self)
            }
            #expect(rows == ["1second", "2x", "3y", "9parent"])
            // The refused change of key 3 was overtaken by a good one: nothing was ever tried of it.
            #expect(
                try RefusedCommit.numbers("SELECT row FROM letters ORDER BY row", connection) == [
                    3, 4, 5,
                ])
        }
    }

    @Test(
        "every way to refuse a row is found: range, length, trigger, foreign key at COMMIT, partition",
        arguments: [
            // Index entries have a longest length, and a random text can't be compressed below it.
            "CREATE TABLE out (id bigint PRIMARY KEY, body text UNIQUE)",
            """
            CREATE TABLE out (id bigint PRIMARY KEY, body text);
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF length(NEW.body) > 100 THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER t BEFORE INSERT ON out FOR EACH ROW EXECUTE FUNCTION refuse()
            """,
            """
            CREATE TABLE lengths (length bigint PRIMARY KEY); INSERT INTO lengths VALUES (1);
            CREATE TABLE out (id bigint PRIMARY KEY, body text, length bigint
                GENERATED ALWAYS AS (length(body)) STORED
                REFERENCES lengths DEFERRABLE INITIALLY DEFERRED)
            """,
            """
            CREATE TABLE out (id bigint PRIMARY KEY, body text) PARTITION BY RANGE (id);
            CREATE TABLE out_low PARTITION OF out FOR VALUES FROM (0) TO (1000)
            """,
            """
            CREATE TABLE out (id bigint PRIMARY KEY, body text, size smallint
                GENERATED ALWAYS AS (length(body) * 30) STORED)
            """,
        ])
    func waysToRefuse(script: String) async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(script)
            var random = SeededGenerator(seed: 3)
            let long = String(
                (0..<6_000).map { _ in
                    Character(UnicodeScalar(UInt8(33 + random.next() % 90)))
                })
            let isUnique = script.contains("UNIQUE")
            let rows = (0..<40 as Range<Int64>).map { id in
                id == 17
                    ? Self.row(5_000, long)
                    : Self.row(id, isUnique ? "\(id)" : "x")
            }
            let authority = try authority(configuration)
            try authority.decide([decision(1, rows)])
            #expect(
                try RefusedCommit.numbers("SELECT id FROM out ORDER BY id", connection)
                    == (0..<40).filter { $0 != 17 })
            #expect(try RefusedCommit.numbers("SELECT row FROM letters", connection) == [17])
        }
    }

    @Test("what passes is not taken for a row's fault")
    func transient() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script("CREATE TABLE out (id bigint PRIMARY KEY, body text)")
            var impatient = configuration
            impatient.lockTimeout = .milliseconds(50)
            let authority = try authority(impatient)
            try connection.script("BEGIN; LOCK TABLE out IN EXCLUSIVE MODE")
            let error = #expect(throws: DataflowError.self) {
                try authority.decide([decision(1, [Self.row(1, "x"), Self.row(2, "\u{0}")])])
            }
            #expect(error?.retry == .backoff)
            try connection.script("ROLLBACK")
            try authority.decide([decision(1, [Self.row(1, "x"), Self.row(2, "\u{0}")])])
            #expect(try RefusedCommit.numbers("SELECT id FROM out", connection) == [1])
            #expect(try RefusedCommit.numbers("SELECT row FROM letters", connection) == [1])
        }
    }

    @Test("a table that does not exist as described still ends the decision")
    func mismatch() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script("CREATE TABLE out (id integer PRIMARY KEY, body text)")
            let authority = try authority(configuration)
            let error = #expect(throws: DataflowError.self) {
                try authority.decide([decision(1, [Self.row(1, "x")])])
            }
            #expect(error?.code == .tableMismatch && error?.retry == .never)
        }
    }

    @Test(
        "a day's partition that is missing again and again makes its rows dead letters, whatever others write",
        arguments: [false, true])
    func missingDay(withNeighbour: Bool) async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            let table = TableSpec(
                "days", columns: [.init("id", .integer), .init("at", .time)], key: ["id", "at"],
                dayPartitionColumn: "at")
            // The day is there, but divided further, and has no place for odd numbers.
            try connection.script(
                """
                CREATE TABLE days (id bigint, at timestamptz, PRIMARY KEY (id, at))
                    PARTITION BY RANGE (at);
                CREATE TABLE days_20200101 PARTITION OF days
                    FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-01-02 00:00+00')
                    PARTITION BY HASH (id);
                CREATE TABLE days_even PARTITION OF days_20200101
                    FOR VALUES WITH (MODULUS 2, REMAINDER 0)
                """)
            let rows = (0..<20 as Range<Int64>).map { id in
                RowChange.upsert([
                    .integer(id), .time(EventTime(milliseconds: 1_577_880_000_000)),
                ])
            }
            let authority = try authority(configuration)
            // Of the same thread and stage, with rows that have a place.
            let neighbour = TaskID(run: task.run, stage: task.stage, partition: 1)
            let fine = RowChange.upsert([
                .integer(100), .time(EventTime(milliseconds: 1_577_966_400_000)),
            ])
            var tries: Int64 = 0
            while true {
                do {
                    tries += 1
                    var decisions = [decision(1, rows, table: table)]
                    if withNeighbour {
                        _ = try authority.claim(neighbour, inputs: [RefusedCommit.input])
                        _ = try authority.claim(task, inputs: [RefusedCommit.input])
                        decisions.insert(
                            decision(tries, [fine], table: table, of: neighbour), at: 0)
                    }
                    try authority.decide(decisions)
                    break
                } catch let error as DataflowError where error.retry != .never {
                    try #require(tries < 10, "\(error)")
                }
            }
            #expect(tries == 4)
            let kept = try RefusedCommit.numbers(
                "SELECT id FROM days WHERE id < 100 ORDER BY id", connection)
            let letters = try RefusedCommit.numbers(
                "SELECT row FROM letters ORDER BY row", connection)
            #expect(!kept.isEmpty && !letters.isEmpty)
            #expect((kept + letters).sorted() == Array(0..<20))
        }
    }

    @Test("an owner that was fenced writes neither rows nor dead letters")
    func zombie() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script("CREATE TABLE out (id bigint PRIMARY KEY, body text)")
            try connection.script(
                "CREATE TABLE letters (place bigint, row bigint, reason text, PRIMARY KEY (place, row))"
            )
            let zombie = try authority(configuration)
            let owner = try authority(configuration)
            let bad = decision(1, [Self.row(1, "x"), Self.row(2, "\u{0}")])
            let error = #expect(throws: DataflowError.self) { try zombie.decide([bad]) }
            #expect(error?.code == .fenced)
            #expect(try RefusedCommit.numbers("SELECT id FROM out", connection) == [])
            #expect(try RefusedCommit.numbers("SELECT row FROM letters", connection) == [])
            try owner.decide([bad])
            #expect(try RefusedCommit.numbers("SELECT id FROM out", connection) == [1])
            #expect(try RefusedCommit.numbers("SELECT row FROM letters", connection) == [1])
        }
    }

    @Test(
        "a backend that is killed while rows are set apart leaves nothing; the next try all of it, once"
    )
    func killed() async throws {
        try await TestDatabase.withSchema { configuration in
            let admin = try PostgresConnection(configuration)
            try admin.script("CREATE TABLE out (id bigint PRIMARY KEY, body text)")
            try admin.script(SlowCommit.script(table: "out"))
            let bad = decision(1, [Self.row(1, "x"), Self.row(2, "\u{0}"), Self.row(3, "y")])
            let result = TestDatabase.startOnThread {
                let authority = try authority(configuration)
                return #expect(throws: DataflowError.self) { try authority.decide([bad]) }
            }
            #expect(
                try TestDatabase.eventually(
                    admin,
                    """
                    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                    WHERE application_name = current_setting('application_name')
                        AND wait_event = 'PgSleep'
                    """))
            #expect(try await result.value()?.retry == .backoff)
            try admin.script("DROP TRIGGER slow ON out")
            let next = try authority(configuration)
            try next.decide([bad])
            // One epoch is not decided twice.
            let again = #expect(throws: DataflowError.self) { try next.decide([bad]) }
            #expect(again?.code == .fenced)
            #expect(try RefusedCommit.numbers("SELECT id FROM out ORDER BY id", admin) == [1, 3])
            #expect(try RefusedCommit.numbers("SELECT row FROM letters", admin) == [1])
        }
    }
}
