import DatabaseFixture
import Foundation
import PostgresClient
import Records
import State
import StoreContract
import Testing

@Suite(
    "PostgreSQL as commit authority",
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct PostgresCommitAuthorityTests {
    /// A run of its own for each test.
    let task = TaskID(run: "run-\(UUID())", stage: "stage", partition: 0)
    static let input = TopicPartition(topic: "t", partition: 0)
    static let table = TableSpec(
        "out", columns: [.init("id", .integer), .init("body", .text)], key: ["id"])

    func decision(
        _ offset: Int64, rows: [RowChange] = [], task other: TaskID? = nil
    ) -> CommitDecision {
        CommitDecision(
            task: other ?? task,
            position: CommitPosition(
                offsets: [Self.input: Offset(offset)],
                checkpoint: CheckpointRef(
                    epoch: UInt64(offset), attempt: 5, manifestChecksum: 6)),
            tables: [TableChanges(table: Self.table, rows: rows)])
    }

    static func ids(_ connection: PostgresConnection) throws -> [Int64] {
        try connection.query("SELECT id FROM out ORDER BY id").map { try $0.value(0) }
    }

    @Test("keeps the contract", arguments: CommitAuthorityContract.allCases)
    func contract(promise: CommitAuthorityContract) async throws {
        try await TestDatabase.withSchema { configuration in
            try promise.check(
                PostgresCommitAuthority(configuration, owner: "first"),
                PostgresCommitAuthority(configuration, owner: "second"), run: task.run)
        }
    }

    @Test("rows and position become visible together")
    func atomic() async throws {
        try await TestDatabase.withSchema { configuration in
            let authority = PostgresCommitAuthority(configuration, owner: "a")
            _ = try authority.claim(task, inputs: [Self.input])
            try authority.decide([decision(1, rows: [.upsert([.integer(1), .text("a")])])])
            // The second row is unfit: neither it, nor its neighbour, nor the position is kept.
            let error = #expect(throws: DataflowError.self) {
                try authority.decide([
                    decision(
                        2,
                        rows: [
                            .upsert([.integer(2), .text("b")]),
                            .upsert([.integer(3), .text("\u{0}")]),
                        ])
                ])
            }
            #expect(error?.code == .rejected)
            let connection = try PostgresConnection(configuration)
            #expect(try Self.ids(connection) == [1])
            let other = PostgresCommitAuthority(configuration, owner: "b")
            #expect(try other.claim(task, inputs: []) == decision(1).position)
        }
    }

    @Test("a zombie's rows are never seen")
    func zombie() async throws {
        try await TestDatabase.withSchema { configuration in
            let zombie = PostgresCommitAuthority(configuration, owner: "zombie")
            let owner = PostgresCommitAuthority(configuration, owner: "owner")
            _ = try zombie.claim(task, inputs: [Self.input])
            try zombie.decide([decision(1, rows: [.upsert([.integer(1), .text("z")])])])
            _ = try owner.claim(task, inputs: [Self.input])
            let error = #expect(throws: DataflowError.self) {
                try zombie.decide([decision(2, rows: [.upsert([.integer(2), .text("z")])])])
            }
            #expect(error?.code == .fenced)
            try owner.decide([decision(2, rows: [.upsert([.integer(3), .text("o")])])])
            #expect(try Self.ids(try PostgresConnection(configuration)) == [1, 3])
        }
    }

    @Test("a claim waits for a commit under way and sees its position")
    func claimWaits() async throws {
        try await TestDatabase.withSchema { configuration in
            let first = PostgresCommitAuthority(configuration, owner: "first")
            _ = try first.claim(task, inputs: [Self.input])
            try first.decide([decision(1)])
            let holder = try PostgresConnection(configuration)
            // Stands for the first owner between its writes and its COMMIT.
            try holder.script("BEGIN")
            try holder.query(
                "UPDATE millrace.task_positions SET offsets = '{42}' WHERE run = $1",
                [.text(task.run)])
            let claimed = TestDatabase.startOnThread {
                let second = PostgresCommitAuthority(configuration, owner: "second")
                return try second.claim(task, inputs: [Self.input])
            }
            let admin = try PostgresConnection(configuration)
            #expect(
                try TestDatabase.eventually(
                    admin,
                    """
                    SELECT FROM pg_stat_activity
                    WHERE application_name = current_setting('application_name') AND wait_event_type = 'Lock'
                    """))
            try holder.script("COMMIT")
            #expect(try await claimed.value()?.offsets == [Self.input: Offset(42)])
        }
    }

    @Test("a claim gives up at the lock timeout, and may try again")
    func claimTimesOut() async throws {
        try await TestDatabase.withSchema { configuration in
            var impatient = configuration
            impatient.lockTimeout = .milliseconds(50)
            let first = PostgresCommitAuthority(configuration, owner: "first")
            _ = try first.claim(task, inputs: [Self.input])
            let holder = try PostgresConnection(configuration)
            try holder.script("BEGIN")
            try holder.query(
                "SELECT FROM millrace.task_positions WHERE run = $1 FOR UPDATE", [.text(task.run)])
            let second = PostgresCommitAuthority(impatient, owner: "second")
            let error = #expect(throws: DataflowError.self) {
                try second.claim(task, inputs: [Self.input])
            }
            #expect(error?.retry == .backoff)
            try holder.script("ROLLBACK")
            #expect(try second.claim(task, inputs: [Self.input]) == nil)
        }
    }

    @Test(
        "a backend that is killed during COMMIT asks for a restart, and a new claim for the truth")
    func killedInCommit() async throws {
        try await TestDatabase.withSchema { configuration in
            let admin = try PostgresConnection(configuration)
            try admin.script("CREATE TABLE out (id bigint PRIMARY KEY, body text)")
            try admin.script(SlowCommit.script(table: "out"))
            let result = TestDatabase.startOnThread {
                let authority = PostgresCommitAuthority(configuration, owner: "a")
                _ = try authority.claim(task, inputs: [Self.input])
                let error = #expect(throws: DataflowError.self) {
                    try authority.decide([
                        decision(1, rows: [.upsert([.integer(1), .text("a")])])
                    ])
                }
                // Without a new claim nothing more is decided.
                let unclaimed = #expect(throws: DataflowError.self) {
                    try authority.decide([decision(1)])
                }
                let position = try authority.claim(task, inputs: [Self.input])
                try authority.decide([decision(1)])
                return (error, unclaimed, position)
            }
            #expect(try SlowCommit.kill(by: admin))
            let (error, unclaimed, position) = try await result.value()
            #expect(error?.retry == .restart)
            #expect(error?.code == .databaseUnavailable)
            #expect(unclaimed?.code == .invariant)
            // Here the kill came before the commit record; either would have been told truly.
            #expect(position == nil)
            #expect(try Self.ids(admin) == [])
        }
    }

    @Test(
        "a database that has lost an acknowledged commit is noticed by the next one, and a claim finds what is there"
    )
    func lostCommit() async throws {
        try await TestDatabase.withSchema { configuration in
            let authority = PostgresCommitAuthority(configuration, owner: "a")
            _ = try authority.claim(task, inputs: [Self.input])
            try authority.decide([decision(1, rows: [.upsert([.integer(1), .text("a")])])])
            let connection = try PostgresConnection(configuration)
            let before = "SELECT * FROM millrace.task_positions WHERE run = '\(task.run)'"
            try connection.script("CREATE TABLE kept AS \(before)")
            try authority.decide([decision(2, rows: [.upsert([.integer(2), .text("b")])])])
            // As a standby shows it that was promoted before the second commit had come to it.
            try connection.script(
                """
                DELETE FROM millrace.task_positions WHERE run = '\(task.run)';
                INSERT INTO millrace.task_positions SELECT * FROM kept;
                DELETE FROM out WHERE id = 2
                """)
            let error = #expect(throws: DataflowError.self) {
                try authority.decide([decision(3, rows: [.upsert([.integer(3), .text("c")])])])
            }
            #expect(error?.retry == .restart)
            #expect(error?.message.contains("lost its last commit") == true)
            #expect(try Self.ids(connection) == [1])
            #expect(try authority.claim(task, inputs: [Self.input]) == decision(1).position)
            try authority.decide([decision(2, rows: [.upsert([.integer(2), .text("b")])])])
            #expect(try Self.ids(connection) == [1, 2])
        }
    }

    @Test("a failure behind a committed task asks for a restart of all of the call")
    func partial() async throws {
        try await TestDatabase.withSchema { configuration in
            let authority = PostgresCommitAuthority(configuration, owner: "a")
            let second = TaskID(run: task.run, stage: "stage", partition: 1)
            for task in [task, second] { _ = try authority.claim(task, inputs: []) }
            let error = #expect(throws: DataflowError.self) {
                try authority.decide([
                    decision(1, rows: [.upsert([.integer(1), .text("a")])]),
                    decision(
                        1, rows: [.upsert([.integer(2), .text("\u{0}")])], task: second),
                ])
            }
            #expect(error?.code == .rejected)
            #expect(error?.retry == .restart)
            #expect(try authority.claim(task, inputs: []) == decision(1).position)
            #expect(try authority.claim(second, inputs: []) == nil)
        }
    }

    @Test(
        "between the decisions of two tasks stands a named place: the first is decided, the second is not"
    )
    func deciding() async throws {
        struct Killed: Error {}
        try await TestDatabase.withSchema { configuration in
            let second = TaskID(run: task.run, stage: task.stage, partition: 1)
            let doomed = PostgresCommitAuthority(
                configuration, owner: "a", deciding: { throw Killed() })
            for task in [task, second] { _ = try doomed.claim(task, inputs: []) }
            // One alone has nobody before it.
            try doomed.decide([decision(1)])
            #expect(throws: Killed.self) {
                try doomed.decide([decision(2), decision(1, task: second)])
            }
            let next = PostgresCommitAuthority(configuration, owner: "b")
            #expect(try next.claim(task, inputs: []) == decision(2).position)
            #expect(try next.claim(second, inputs: []) == nil)
        }
    }

    @Test("two owners that race leave a gapless history: each decision is one owner's or refused")
    func race() async throws {
        try await TestDatabase.withSchema { configuration in
            let decided = try await withThrowingTaskGroup(of: Int64.self) { group in
                for worker in 0..<3 as Range<UInt64> {
                    group.addTask {
                        try await TestDatabase.onThread {
                            try increment(configuration, worker)
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            let authority = PostgresCommitAuthority(configuration, owner: "reader")
            let position = try authority.claim(task, inputs: [])
            // Every successful decision moved the offset by one, and none was lost to another's.
            #expect(position?.offsets[Self.input]?.rawValue == decided)
            let rows = try Self.ids(try PostgresConnection(configuration))
            #expect(rows == Array(1..<decided + 1))
        }
    }

    /// Claims, moves the offset by one a decision with one row each, claims again when fenced.
    private func increment(
        _ configuration: PostgresConfiguration, _ worker: UInt64
    ) throws -> Int64 {
        var random = SeededGenerator(seed: worker)
        let authority = PostgresCommitAuthority(configuration, owner: "worker \(worker)")
        var decided: Int64 = 0
        for _ in 0..<15 {
            var offset = try authority.claim(task, inputs: [])?.offsets[Self.input]?.rawValue ?? 0
            do {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    offset += 1
                    try authority.decide([
                        decision(offset, rows: [.upsert([.integer(offset), .text("\(worker)")])])
                    ])
                    decided += 1
                }
            } catch let error as DataflowError where error.code == .fenced {
                continue
            }
        }
        return decided
    }
}
