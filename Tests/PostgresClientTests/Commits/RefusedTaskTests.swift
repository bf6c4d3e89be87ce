import DatabaseFixture
import Foundation
import PostgresClient
import Records
import State
import Testing

/// Tasks whose tables take nothing: they are refused, and nobody else is.
@Suite(
    "Tasks whose tables take nothing",
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct RefusedTaskTests {
    private let task = TaskID(run: "run-\(UUID())", stage: "stage", partition: 0)
    private static let create =
        "CREATE TABLE out (id bigint PRIMARY KEY, body text CONSTRAINT c CHECK (body <> 'bad'))"

    /// A clock that a test turns.
    private final class Clock {
        var time = ContinuousClock.now
        /// How far each look at it moves it.
        var step = Duration.zero

        func now() -> ContinuousClock.Instant {
            defer { time += step }
            return time
        }
    }

    private func decision(
        _ offset: Int64, _ rows: [RowChange], table: TableSpec = RefusedCommit.table,
        of other: TaskID? = nil
    ) -> CommitDecision {
        RefusedCommit.decision(of: other ?? task, offset, rows, table: table)
    }

    private static func rows(_ ids: Range<Int64>, _ body: String) -> [RowChange] {
        ids.map { .upsert([.integer($0), .text(body)]) }
    }

    private func bad(_ offset: Int64, _ ids: Range<Int64>) -> CommitDecision {
        decision(offset, Self.rows(ids, "bad"))
    }

    /// Decides, and expects the task to be refused.
    private func refusal(
        _ authority: PostgresCommitAuthority, _ decisions: CommitDecision...
    ) -> DataflowError? {
        let refused = #expect(throws: TasksRefused.self) { try authority.decide(decisions) }
        #expect(refused?.reasons.count == 1)
        return refused?.reasons[task]
    }

    @Test("a table that takes nothing stops the stream, until it is mended")
    func brokenTable() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(Self.create)
            let authority = try RefusedCommit.authority(of: task, configuration)
            try authority.decide([bad(1, 0..<600)])
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM letters", connection) == [600])
            for _ in 0..<2 {
                let error = refusal(authority, bad(2, 600..<1_000))
                #expect(error?.code == .rejected && error?.retry == .backoff)
                #expect(
                    error?.message.contains("refused 1000 rows") ?? false,
                    "\(String(describing: error))")
            }
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM letters", connection) == [600])
            try connection.script("ALTER TABLE out DROP CONSTRAINT c")
            try authority.decide([bad(2, 600..<1_000)])
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM out", connection) == [400])
            // One row that is written tells that the table is well.
            try connection.script("ALTER TABLE out ADD CONSTRAINT c CHECK (id < 1001)")
            try authority.decide([bad(3, 1_000..<2_500)])
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM out", connection) == [401])
        }
    }

    @Test("the other tasks of the commit are decided, once, and the refused one alone later")
    func neighbours() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(Self.create)
            let authority = try RefusedCommit.authority(of: task, configuration)
            let others = [1, 2].map { TaskID(run: task.run, stage: "stage", partition: $0) }
            for other in others { _ = try authority.claim(other, inputs: [RefusedCommit.input]) }
            let fine = zip(others, [10_000, 20_000] as [Int64]).map { other, id in
                decision(1, Self.rows(id..<id + 5, "fine"), of: other)
            }
            let error = refusal(authority, fine[0], bad(1, 0..<1_200), fine[1])
            #expect(error?.partition == RefusedCommit.input)
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM out", connection) == [10])
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM letters", connection) == [0])
            // None has to claim anew: a further commit of theirs is decided.
            try authority.decide(
                others.map { decision(2, Self.rows(30_000..<30_001, "fine"), of: $0) })
            try connection.script("ALTER TABLE out DROP CONSTRAINT c")
            try authority.decide([bad(1, 0..<1_200)])
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM out", connection) == [1_211])
            let offsets = try ([task] + others).map {
                try authority.claim($0, inputs: [])?.offsets[RefusedCommit.input]
            }
            #expect(offsets == [Offset(1), Offset(2), Offset(2)])
        }
    }

    @Test("whoever takes the task over goes on counting, and knows a broken table as one")
    func takeover() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(Self.create)
            try RefusedCommit.authority(of: task, configuration).decide([bad(1, 0..<600)])
            let second = try RefusedCommit.authority(of: task, configuration)
            #expect(refusal(second, bad(2, 600..<1_000)) != nil)
            let third = try RefusedCommit.authority(of: task, configuration)
            #expect(refusal(third, bad(2, 600..<601)) != nil)
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM letters", connection) == [600])
            try third.decide([decision(2, Self.rows(0..<1, "fine"))])
            // It has taken a row: for whoever comes next, too, a bad one is a bad one.
            try RefusedCommit.authority(of: task, configuration).decide([bad(3, 0..<1)])
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM letters", connection) == [601])
        }
    }

    @Test("a table of positions of an earlier program is made to count")
    func earlierTable() async throws {
        try await TestDatabase.withDatabase { url in
            let configuration = try PostgresConfiguration(url)
            let connection = try PostgresConnection(configuration)
            _ = try RefusedCommit.authority(of: task, configuration)
            try connection.script(
                """
                ALTER TABLE millrace.task_positions DROP COLUMN refused_rows,
                    DROP COLUMN refused_since
                """)
            try connection.script(Self.create)
            try RefusedCommit.authority(of: task, configuration).decide([bad(1, 0..<600)])
            let second = try RefusedCommit.authority(of: task, configuration)
            #expect(refusal(second, bad(2, 600..<1_000)) != nil)
            connection.close()
            second.close()
        }
    }

    @Test("rows that are refused one by one, over hours, are bad rows and block nothing")
    func slowly() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(Self.create)
            let clock = Clock()
            let authority = try RefusedCommit.authority(
                of: task, configuration, now: { clock.now() })
            for part in 0..<4 as Range<Int64> {
                try authority.decide([bad(part + 1, part * 300..<part * 300 + 300)])
                clock.time += .seconds(1_500)
            }
            #expect(
                try RefusedCommit.numbers("SELECT count(*) FROM letters", connection) == [1_200])
            // Once it is known to be broken, no time mends it.
            #expect(refusal(authority, bad(5, 5_000..<6_000)) != nil)
            clock.time += .seconds(100_000)
            #expect(refusal(authority, bad(5, 5_000..<5_001)) != nil)
        }
    }

    @Test("of many rows a thousand are probed; where one of those is taken, all are set apart")
    func probe() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(Self.create)
            let authority = try RefusedCommit.authority(of: task, configuration)
            for _ in 0..<2 {
                let before = authority.isolationTries
                let error = refusal(authority, bad(1, 0..<8_000))
                #expect(error?.message.contains("refused 1000 rows") ?? false)
                #expect(authority.isolationTries - before < 2_000)
            }
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM letters", connection) == [0])
            // An earlier change of a key counts as one that is taken.
            let rows = Self.rows(0..<1_500, "bad").enumerated().flatMap { id, row in
                id == 3 ? Self.rows(3..<4, "fine") + [row] : [row]
            }
            try authority.decide([decision(1, rows)])
            #expect(try RefusedCommit.numbers("SELECT id FROM out", connection) == [3])
            #expect(
                try RefusedCommit.numbers("SELECT count(*) FROM letters", connection) == [1_500])
        }
    }

    @Test("what takes too long is given up, and nothing of it is recorded")
    func deadline() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(Self.create)
            let clock = Clock()
            let authority = try RefusedCommit.authority(
                of: task, configuration, now: { clock.now() })
            clock.step = .seconds(1)
            let mixed = Self.rows(0..<40, "fine") + Self.rows(40..<80, "bad")
            let error = refusal(authority, decision(1, mixed))
            #expect(error?.retry == .backoff)
            #expect(
                error?.message.contains("not found within 30.0 seconds") ?? false,
                "\(String(describing: error))")
            #expect(authority.isolationTries < 32)
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM out", connection) == [0])
            // Fewer at once get through.
            try authority.decide([decision(1, Array(mixed[38..<42]))])
            #expect(try RefusedCommit.numbers("SELECT id FROM out", connection) == [38, 39])
            #expect(try RefusedCommit.numbers("SELECT row FROM letters", connection) == [2, 3])
        }
    }

    // MARK: Days

    private static let days = TableSpec(
        "days", columns: [.init("id", .integer), .init("at", .time)], key: ["id", "at"],
        dayPartitionColumn: "at")

    private static func day(_ id: Int64, _ number: Int64) -> RowChange {
        .upsert([.integer(id), .time(EventTime(milliseconds: number * 86_400_000))])
    }

    @Test("history of more days than one transaction makes partitions for is written")
    func history() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            let authority = try RefusedCommit.authority(of: task, configuration)
            let rows = (0..<450 as Range<Int64>).map { Self.day($0, $0) }
            try authority.decide([decision(1, rows, table: Self.days)])
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM days", connection) == [450])
            #expect(authority.refusedRows == 0)
        }
    }

    @Test("of absurdly many days those with the most rows are written, the others are dead letters")
    func absurdDays() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            let authority = try RefusedCommit.authority(of: task, configuration)
            // The last day has two rows, the others one: of those the latest are kept.
            let last = 1_020 as Int64
            let rows =
                (1...last).map { Self.day($0, $0 * 3_000 - 700_000) } + [
                    Self.day(5_000, 3_000 - 700_000)
                ]
            try authority.decide([decision(1, rows, table: Self.days)])
            #expect(
                try RefusedCommit.numbers("SELECT count(DISTINCT at) FROM days", connection)
                    == [1_000])
            #expect(
                try RefusedCommit.numbers(
                    "SELECT id FROM days WHERE id IN (1, 2, 5000)", connection)
                    == [1, 5_000])
            let reasons = try connection.query("SELECT DISTINCT reason FROM letters").map {
                try $0.value(0, as: String.self)
            }
            #expect(reasons.count == 1)
            #expect(reasons.first?.contains("1020 new ones of days, and 1000 are made") ?? false)
            #expect(
                try RefusedCommit.numbers("SELECT row FROM letters ORDER BY row", connection)
                    == Array(1...20))
        }
    }
}
