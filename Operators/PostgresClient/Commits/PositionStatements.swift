internal import Records
internal import State

/// The statements on `millrace.task_positions`.
enum PositionStatements {
    private static let create = """
        CREATE TABLE IF NOT EXISTS millrace.task_positions (
            run text NOT NULL,
            stage text NOT NULL,
            partition integer NOT NULL,
            generation bigint NOT NULL,
            owner text NOT NULL,
            backend integer NOT NULL,
            claimed_at timestamptz NOT NULL,
            topics text[] NOT NULL DEFAULT '{}',
            partitions integer[] NOT NULL DEFAULT '{}',
            offsets bigint[] NOT NULL DEFAULT '{}',
            epoch numeric(20),
            attempt numeric(20),
            manifest_checksum bigint,
            decided_at timestamptz,
            refused_rows bigint NOT NULL DEFAULT 0,
            refused_since timestamptz,
            PRIMARY KEY (run, stage, partition)
        )
        """

    /// Raises the generation and reads the position, in one statement.
    static let claim = """
        INSERT INTO millrace.task_positions AS p
            (run, stage, partition, generation, owner, backend, claimed_at)
        VALUES ($1, $2, $3, 1, $4, pg_backend_pid(), clock_timestamp())
        ON CONFLICT (run, stage, partition) DO UPDATE SET generation = p.generation + 1,
            owner = EXCLUDED.owner, backend = EXCLUDED.backend, claimed_at = EXCLUDED.claimed_at
        RETURNING generation, decided_at IS NOT NULL, topics, partitions, offsets,
            epoch::text, attempt::text, manifest_checksum, refused_rows,
            (extract(epoch FROM clock_timestamp() - refused_since) * 1000)::bigint
        """

    /// Moves the position of an owner that is still the owner; no row is touched otherwise.
    static let advance = """
        UPDATE millrace.task_positions SET topics = $5, partitions = $6, offsets = $7,
            epoch = $8::numeric, attempt = $9::numeric, manifest_checksum = $10,
            decided_at = clock_timestamp()
        WHERE run = $1 AND stage = $2 AND partition = $3 AND generation = $4
        """

    /// Notes how many rows were refused since the tables took one, and for how many milliseconds that has gone on.
    private static let noteRefusals = """
        UPDATE millrace.task_positions SET refused_rows = $5,
            refused_since = clock_timestamp() - $6::bigint * interval '1 millisecond'
        WHERE run = $1 AND stage = $2 AND partition = $3 AND generation = $4
        """

    /// Creates schema and table if they are missing, and what a table of an earlier program lacks.
    static func install(on connection: PostgresConnection) throws {
        try installTable("task_positions", create, on: connection)
        let found = try connection.query(
            """
            SELECT FROM pg_catalog.pg_attribute WHERE attname = 'refused_since'
                AND attrelid = to_regclass('millrace.task_positions')
            """)
        // Only then: the statement would wait for every commit that is under way.
        guard found.isEmpty else { return }
        try connection.script(
            """
            ALTER TABLE millrace.task_positions
                ADD COLUMN IF NOT EXISTS refused_rows bigint NOT NULL DEFAULT 0,
                ADD COLUMN IF NOT EXISTS refused_since timestamptz
            """)
    }

    /// Notes the refusals of a task for whoever claims it next; nil: its tables have taken a row.
    static func note(
        _ refusals: RefusalSeries?, of task: TaskID, generation: Int64,
        now: ContinuousClock.Instant,
        on connection: PostgresConnection
    ) throws {
        try connection.query(
            noteRefusals,
            [
                .text(task.run), .text(task.stage), .int32(task.partition), .integer(generation),
                .integer(Int64(refusals?.count ?? 0)),
                refusals.map { .integer($0.milliseconds(at: now)) } ?? .null(.bigint),
            ])
    }

    /// What ``claim`` tells of rows that were refused before.
    static func refusals(
        _ row: PostgresRow, now: ContinuousClock.Instant
    ) throws(PostgresError) -> RefusalSeries? {
        let count = try row.value(8, as: Int64.self)
        guard count > 0 else { return nil }
        let age = try row.optional(9, as: Int64.self) ?? 0
        return RefusalSeries(count: Int(count), since: now - .milliseconds(max(0, age)))
    }

    /// The parameters of ``advance``.
    static func advanceParameters(
        _ decision: CommitDecision, generation: Int64
    ) throws(PostgresError) -> PostgresParameters {
        let task = decision.task
        let inputs = decision.position.offsets.sorted { $0.key < $1.key }
        let checkpoint = decision.position.checkpoint
        return try PostgresParameters([
            .text(task.run), .text(task.stage), .int32(task.partition), .integer(generation),
            .texts(inputs.map(\.key.topic)), .int32s(inputs.map(\.key.partition)),
            .integers(inputs.map(\.value.rawValue)),
            checkpoint.map { .text(String($0.epoch)) } ?? .null(.text),
            checkpoint.map { .text(String($0.attempt)) } ?? .null(.text),
            checkpoint.map { .integer(Int64($0.manifestChecksum)) } ?? .null(.bigint),
        ])
    }

    /// The position in a row that ``claim`` returned; nil when nothing was ever decided.
    static func position(_ row: PostgresRow) throws(PostgresError) -> CommitPosition? {
        guard try row.value(1, as: Bool.self) else { return nil }
        let topics = try row.array(2, of: String.self)
        let partitions = try row.array(3, of: Int32.self)
        let offsets = try row.array(4, of: Int64.self)
        guard topics.count == partitions.count, topics.count == offsets.count else {
            throw PostgresError(.unexpectedResult, "a position's arrays differ in length")
        }
        var position = CommitPosition(offsets: [:], checkpoint: nil)
        for index in topics.indices {
            let input = TopicPartition(topic: topics[index], partition: partitions[index])
            position.offsets[input] = Offset(offsets[index])
        }
        if let epoch = try row.optional(5, as: String.self) {
            guard let epoch = UInt64(epoch),
                let attempt = UInt64(try row.value(6, as: String.self)),
                let checksum = UInt32(exactly: try row.value(7, as: Int64.self))
            else { throw PostgresError(.unexpectedResult, "a position names no checkpoint") }
            position.checkpoint = CheckpointRef(
                epoch: epoch, attempt: attempt, manifestChecksum: checksum)
        }
        return position
    }
}

/// Creates a table of Millrace's own, and the schema `millrace` around it, if it is missing.
package func installTable(_ name: String, _ sql: String, on connection: PostgresConnection) throws {
    if try isTableInstalled(name, on: connection) { return }
    try connection.transaction {
        try createSchema("millrace", on: connection)
        try connection.script(sql)
    }
}

/// Whether a table of Millrace's own is there.
package func isTableInstalled(_ name: String, on connection: PostgresConnection) throws -> Bool {
    let found = try connection.query(
        "SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'millrace' AND tablename = $1",
        [.text(name)])
    return !found.isEmpty
}
