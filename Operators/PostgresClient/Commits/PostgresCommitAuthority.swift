public import Records
public import State

/// PostgreSQL as the authority of a stage: rows, input offsets and the checkpoint's name become visible
/// in one transaction a task.
///
/// The table `millrace.task_positions` has one row a task. A claim raises the row's generation; a
/// decision first updates that row on condition of its own generation, which locks it and finds out
/// whether somebody else has claimed the task since, then writes its rows and commits. So of two owners
/// only the later can commit. The authority belongs to one thread and connects when it is first used.
public final class PostgresCommitAuthority: CommitAuthority {
    private let session: PostgresSession
    private let owner: String
    private var applier = TableApplier()
    private var generations: [TaskID: Int64] = [:]
    private var isInstalled = false
    private let tell: (DataflowError) -> Void
    /// How many rows the database has refused, which were kept as dead letters.
    package private(set) var refusedRows = 0
    /// How many pieces of commits were tried to find those.
    package private(set) var isolationTries = 0
    /// How many rows of each task were refused since one was written.
    private var refusedInARow: [TaskID: Int] = [:]

    /// How many rows in a row are kept as dead letters when none can be written: where so many are refused, it is
    /// the table that is broken, and not the rows.
    static let maximumRefusedInARow = 1_000

    /// Makes an authority; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - owner: the worker's name, for people who look at the table.
    ///   - refused: told once a commit of rows that the database has refused; how many, and why the first.
    package init(
        _ configuration: PostgresConfiguration, owner: String,
        refused: @escaping (DataflowError) -> Void = { _ in }
    ) {
        session = PostgresSession(configuration)
        self.owner = owner
        tell = refused
    }

    /// Takes a task over; an owner in the middle of a commit is waited for, at most the lock timeout.
    public func claim(_ task: TaskID, inputs: [TopicPartition]) throws -> CommitPosition? {
        try asDataflowError {
            let connection = try connectionWithTables()
            generations[task] = nil
            let result = try connection.query(
                PositionStatements.claim,
                [.text(task.run), .text(task.stage), .int32(task.partition), .text(owner)])
            guard let row = result.first else {
                throw PostgresError(.unexpectedResult, "a claim gave no row")
            }
            generations[task] = try row.value(0, as: Int64.self)
            return try PositionStatements.position(row)
        }
    }

    /// Decides task after task, each in a transaction of its own.
    ///
    /// Rows that the database refuses for what they hold are found by ``RowIsolation`` and kept as dead letters,
    /// if the decision says how.
    ///
    /// - Throws: `.fenced` for a task that somebody else has claimed. An error with retry `.restart`
    ///   when the outcome of one is unknown, or when one failed after others were committed: then every
    ///   task of the call must be claimed anew. Any other error means that nothing was committed.
    public func decide(_ decisions: [CommitDecision]) throws {
        var committed = 0
        do {
            let connection = try asDataflowError { try connectionWithTables() }
            for decision in decisions {
                try asDataflowError { try decide(decision, on: connection) }
                committed += 1
            }
        } catch var error as DataflowError {
            if error.code != .fenced, committed > 0 { error.retry = .restart }
            if error.retry == .restart {
                for decision in decisions { generations[decision.task] = nil }
            }
            throw error
        }
    }

    /// Ends the session.
    package func close() { session.close() }

    private func decide(_ decision: CommitDecision, on connection: PostgresConnection) throws {
        guard let generation = generations[decision.task] else {
            throw DataflowError(
                .invariant, domain: .internal, "task \(decision.task) was not claimed before")
        }
        applier.task = decision.task
        do {
            let sets = try applier.changeSets(decision.tables, on: connection)
            try applier.ensurePartitions(sets, on: connection)
            try transaction(decision, generation, connection) {
                try applier.apply(sets, on: connection)
            }
            if !sets.isEmpty { refusedInARow[decision.task] = nil }
        } catch let error as PostgresError where error.isOfRows {
            guard let letters = decision.letters else { throw error }
            try decideWithoutRefused(decision, generation, letters, on: connection)
        }
        applier.noteSuccess()
    }

    /// Decides without the rows that the database refuses, which are kept as dead letters in their place.
    private func decideWithoutRefused(
        _ decision: CommitDecision, _ generation: Int64, _ letters: CommitDecision.Letters,
        on connection: PostgresConnection
    ) throws {
        var isolation = try RowIsolation(decision.tables, &applier, on: connection)
        try applier.ensurePartitions(try isolation.sets, on: connection)
        // A table that is missing is made in a transaction of its own.
        _ = try applier.layout(of: letters([]).table, on: connection)
        try transaction(decision, generation, connection) {
            defer { isolationTries += isolation.tries }
            try isolation.write(with: &applier)
            guard !isolation.refused.isEmpty else { return }
            try checkRefusals(isolation, decision)
            let sets = try applier.changeSets([letters(isolation.refused)], on: connection)
            try applier.apply(sets, on: connection)
        }
        refusedInARow[decision.task] =
            isolation.hasWritten
            ? nil : refusedInARow[decision.task, default: 0] + isolation.refused.count
        guard let first = isolation.refused.first else { return }
        refusedRows += isolation.refused.count
        tell(
            DataflowError(
                .rejected, domain: .user,
                "the database refused \(isolation.refused.count) rows of task \(decision.task), the first for "
                    + "\(decision.tables[first.table].table.name): \(first.reason); "
                    + "they are in millrace.dead_letters",
                partition: decision.position.offsets.keys.min()))
    }

    /// Refuses to go on keeping a whole stream as dead letters.
    ///
    /// - Throws: an error that passes once the table takes a row again: until then nothing is read.
    private func checkRefusals(_ isolation: RowIsolation, _ decision: CommitDecision) throws {
        let count = refusedInARow[decision.task, default: 0] + isolation.refused.count
        guard !isolation.hasWritten, count >= PostgresCommitAuthority.maximumRefusedInARow,
            let last = isolation.refused.last
        else { return }
        throw DataflowError(
            .rejected, domain: .user, retry: .backoff,
            "the database refused \(count) rows of task \(decision.task) in a row and took none, the last for "
                + "\(decision.tables[last.table].table.name): \(last.reason); mend the table's constraint or "
                + "trigger, and the commit is made by itself; or filter such rows in the pipeline, and start it anew",
            partition: decision.position.offsets.keys.min())
    }

    private func transaction(
        _ decision: CommitDecision, _ generation: Int64, _ connection: PostgresConnection,
        _ write: () throws -> Void
    ) throws {
        try connection.transaction {
            let updated = try connection.queryPrepared(
                PositionStatements.advance,
                PositionStatements.advanceParameters(decision, generation: generation))
            guard updated.affectedRows == 1 else {
                throw DataflowError(
                    .fenced, domain: .external, retry: .restart,
                    "task \(decision.task) was claimed by another owner, or the database has lost its last commit"
                )
            }
            try write()
        }
    }

    private func connectionWithTables() throws -> PostgresConnection {
        let connection = try session.connection()
        if !isInstalled {
            try PositionStatements.install(on: connection)
            isInstalled = true
        }
        return connection
    }
}
