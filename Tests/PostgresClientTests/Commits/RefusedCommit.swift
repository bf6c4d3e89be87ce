import PostgresClient
import Records
import State

/// Commits of which PostgreSQL refuses rows, for the suites that look at what becomes of these.
enum RefusedCommit {
    static let input = TopicPartition(topic: "t", partition: 0)

    /// A decision at an offset of ``input``.
    static func decision(
        of task: TaskID, _ offset: Int64, _ tables: [TableChanges],
        letters: @escaping CommitDecision.Letters
    ) -> CommitDecision {
        CommitDecision(
            task: task,
            position: CommitPosition(
                offsets: [input: Offset(offset)],
                checkpoint: CheckpointRef(epoch: UInt64(offset), attempt: 5, manifestChecksum: 6)),
            tables: tables, letters: letters)
    }

    static let table = TableSpec(
        "out", columns: [.init("id", .integer), .init("body", .text)], key: ["id"])
    private static let letters = TableSpec(
        "letters",
        columns: [.init("place", .integer), .init("row", .integer), .init("reason", .text)],
        key: ["place", "row"])

    /// A decision of one table, whose letters tell offset, row and reason.
    static func decision(
        of task: TaskID, _ offset: Int64, _ rows: [RowChange], table: TableSpec = table
    ) -> CommitDecision {
        decision(of: task, offset, [TableChanges(table: table, rows: rows)]) { refused in
            TableChanges(
                table: letters,
                rows: refused.map {
                    .upsert([.integer(offset), .integer(Int64($0.row)), .text($0.reason)])
                })
        }
    }

    /// An authority that has claimed a task.
    static func authority(
        of task: TaskID, _ configuration: PostgresConfiguration,
        now: @escaping () -> ContinuousClock.Instant = { ContinuousClock.now },
        told: @escaping (DataflowError) -> Void = { _ in }
    ) throws -> PostgresCommitAuthority {
        let authority = PostgresCommitAuthority(configuration, owner: "a", refused: told, now: now)
        _ = try authority.claim(task, inputs: [input])
        return authority
    }

    /// The first column of a query.
    static func numbers(_ sql: String, _ connection: PostgresConnection) throws -> [Int64] {
        try connection.query(sql).map { try $0.value(0) }
    }
}
