import DatabaseFixture
import Foundation
import PostgresClient
import Records
import State
import Testing

/// A server process that stands still, as on a machine without memory or with a disk that hangs: the kernel goes on
/// acknowledging what is sent to it.
@Suite(
    "A server that stands still",
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct StoppedServerTests {
    /// Stops a backend for as long as `body` runs; false when it is not on this machine, or not ours to stop.
    private static func stopping(_ pid: Int32, _ body: () throws -> Void) throws -> Bool {
        guard kill(pid, SIGSTOP) == 0 else { return false }
        defer { kill(pid, SIGCONT) }
        try body()
        return true
    }

    @Test("an answer is not waited for longer than a statement may run, however it is asked for")
    func bounded() async throws {
        try await TestDatabase.withSchema { configuration in
            let asks: [(PostgresConnection) throws -> Void] = [
                { try $0.script("SELECT 1") },
                { try $0.query("SELECT $1", [.integer(1)]) },
                {
                    let rows = (0..<100_000).map { [TableValue.integer($0)] }
                    try $0.copy(into: "t", columns: [.init("id", .integer)], rows: rows)
                },
            ]
            try PostgresConnection(configuration).script("CREATE TABLE t (id bigint)")
            for ask in asks {
                let connection = try PostgresConnection(configuration)
                var error: PostgresError?
                let isStopped = try Self.stopping(connection.backendPID) {
                    connection.answerLimit = .milliseconds(200)
                    error = #expect(throws: PostgresError.self) { try ask(connection) }
                }
                guard isStopped else { return }
                #expect(error?.condition == .connectionLost)
                #expect(error?.dataflowError.retry == .backoff)
                #expect(connection.isBroken)
            }
        }
    }

    @Test("what is not answered to COMMIT is an outcome that nobody knows; a claim finds it out")
    func duringCommit() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script("CREATE TABLE t (id bigint)")
            let pid = connection.backendPID
            let error = #expect(throws: PostgresError.self) {
                defer { kill(pid, SIGCONT) }
                try connection.transaction {
                    try connection.query("INSERT INTO t VALUES (1)")
                    guard kill(pid, SIGSTOP) == 0 else {
                        throw PostgresError(.outcomeUnknown, "the server is not ours to stop")
                    }
                    connection.answerLimit = .milliseconds(200)
                }
            }
            #expect(error?.condition == .outcomeUnknown)
            #expect(error?.dataflowError.retry == .restart)
        }
    }

    @Test("an authority whose server stood still goes on with another connection")
    func authority() async throws {
        try await TestDatabase.withSchema { configuration in
            let task = TaskID(run: "run-\(UUID())", stage: "stage", partition: 0)
            let input = TopicPartition(topic: "t", partition: 0)
            var brief = configuration
            // What is set up has to come through on a slow machine, too.
            brief.statementTimeout = .seconds(5)
            brief.answerGrace = .seconds(1)
            let authority = PostgresCommitAuthority(brief, owner: "a")
            #expect(try authority.claim(task, inputs: [input]) == nil)
            let admin = try PostgresConnection(configuration)
            let found = try admin.query(
                "SELECT backend FROM millrace.task_positions WHERE run = $1", [.text(task.run)])
            let pid = try #require(found.first).value(0, as: Int32.self)
            let decision = CommitDecision(
                task: task,
                position: CommitPosition(
                    offsets: [input: Offset(5)],
                    checkpoint: CheckpointRef(epoch: 1, attempt: 2, manifestChecksum: 3)))
            var error: DataflowError?
            let isStopped = try Self.stopping(pid) {
                error = #expect(throws: DataflowError.self) { try authority.decide([decision]) }
            }
            guard isStopped else { return }
            #expect(error?.code == .databaseUnavailable && error?.retry != .never)
            _ = try authority.claim(task, inputs: [input])
            try authority.decide([decision])
            #expect(try authority.claim(task, inputs: [input]) == decision.position)
        }
    }
}
