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
    /// What each task's tables have refused since they took a row.
    private var refusals: [TaskID: RefusalSeries] = [:]
    private let now: () -> ContinuousClock.Instant
    private let deciding: () throws -> Void

    /// How long the tasks of a call may take together to set rows apart that are refused: the thread's other tasks
    /// wait meanwhile.
    static let longestIsolation = Duration.seconds(30)

    /// Makes an authority; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - owner: the worker's name, for people who look at the table.
    ///   - refused: told once a commit of rows that the database has refused; how many, and why the first.
    ///   - deciding: called before each task that is decided behind another; what it throws ends the call.
    ///   - now: the machine's clock.
    package init(
        _ configuration: PostgresConfiguration, owner: String,
        refused: @escaping (DataflowError) -> Void = { _ in },
        deciding: @escaping () throws -> Void = {},
        now: @escaping () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        session = PostgresSession(configuration)
        self.owner = owner
        self.now = now
        self.deciding = deciding
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
            refusals[task] = try PositionStatements.refusals(row, now: now())
            return try PositionStatements.position(row)
        }
    }

    /// Decides task after task, each in a transaction of its own.
    ///
    /// Rows that the database refuses for what they hold are found by ``RowIsolation`` and kept as dead letters,
    /// if the decision says how; behind the tasks of which it refuses none.
    ///
    /// - Throws: `.fenced` for a task that somebody else has claimed. An error with retry `.restart`
    ///   when the outcome of one is unknown, or when one failed after others were committed: then every
    ///   task of the call must be claimed anew. `TasksRefused` when all are decided but those whose tables take
    ///   nothing, or whose refused rows were not found in time. Any other error means that nothing was committed.
    public func decide(_ decisions: [CommitDecision]) throws {
        var committed = 0
        var refused: [TaskID: DataflowError] = [:]
        do {
            let connection = try asDataflowError { try connectionWithTables() }
            var slow: [CommitDecision] = []
            for decision in decisions {
                if committed > 0 { try deciding() }
                if try asDataflowError({ try decide(decision, on: connection) }) {
                    committed += 1
                } else {
                    slow.append(decision)
                }
            }
            let deadline = now() + PostgresCommitAuthority.longestIsolation
            for decision in slow {
                if committed > 0 { try deciding() }
                do {
                    try asDataflowError {
                        try decideWithoutRefused(decision, until: deadline, on: connection)
                    }
                    committed += 1
                } catch let refusal as Refusal {
                    refused[decision.task] = refusal.reason
                }
            }
        } catch var error as DataflowError {
            if error.code != .fenced, committed > 0 { error.retry = .restart }
            if error.retry == .restart {
                for decision in decisions { generations[decision.task] = nil }
            }
            throw error
        }
        if !refused.isEmpty { throw TasksRefused(refused) }
    }

    /// Ends the session.
    package func close() { session.close() }

    /// A task is not decided, and no other is the worse for it.
    private struct Refusal: Error {
        var reason: DataflowError
    }

    private func generation(of task: TaskID) throws -> Int64 {
        guard let generation = generations[task] else {
            throw DataflowError(
                .invariant, domain: .internal, "task \(task) was not claimed before")
        }
        return generation
    }

    /// - Returns: whether it is decided; if not, the database has refused rows.
    private func decide(
        _ decision: CommitDecision, on connection: PostgresConnection
    ) throws -> Bool {
        let task = decision.task
        let generation = try generation(of: task)
        applier.task = task
        do {
            let sets = try applier.changeSets(decision.tables, on: connection)
            try applier.ensurePartitions(sets, on: connection)
            let isWellAgain = refusals[task] != nil && !sets.isEmpty
            try transaction(decision, generation, connection) {
                try applier.apply(sets, on: connection)
                if isWellAgain { try note(nil, of: task, generation, connection) }
            }
            if isWellAgain { refusals[task] = nil }
        } catch let error as PostgresError where error.isOfRows {
            if decision.letters == nil { throw error }
            return false
        }
        applier.noteSuccess()
        return true
    }

    /// Decides without the rows that the database refuses, which are kept as dead letters in their place.
    ///
    /// - Throws: `Refusal` when the tables take nothing, or the time is up.
    private func decideWithoutRefused(
        _ decision: CommitDecision, until deadline: ContinuousClock.Instant,
        on connection: PostgresConnection
    ) throws {
        guard let letters = decision.letters else { return }
        let task = decision.task
        let generation = try generation(of: task)
        applier.task = task
        var isolation = try RowIsolation(
            decision.tables, &applier, on: connection, until: deadline, now: now)
        defer { isolationTries += isolation.tries }
        try applier.ensurePartitions(try isolation.sets, on: connection)
        // A table that is missing is made in a transaction of its own.
        _ = try applier.layout(of: letters([]).table, on: connection)
        var series: RefusalSeries?
        do {
            try transaction(decision, generation, connection) {
                try isolation.write(with: &applier)
                series = refusals(behind: isolation, of: task)
                try checkRefusals(isolation, series, decision)
                if series != refusals[task] {
                    try note(series, of: task, generation, connection)
                }
                guard !isolation.refused.isEmpty else { return }
                let sets = try applier.changeSets([letters(isolation.refused)], on: connection)
                try applier.apply(sets, on: connection)
            }
        } catch is RowIsolation.OutOfTime {
            throw Refusal(reason: outOfTime(isolation, decision))
        } catch let refusal as Refusal {
            // Whoever has the task next is not to find it out anew, row by row.
            if series != refusals[task] { try note(series, of: task, generation, connection) }
            refusals[task] = series
            throw refusal
        }
        refusals[task] = series
        applier.noteSuccess()
        tellOfRefused(isolation, decision)
    }

    private func tellOfRefused(_ isolation: RowIsolation, _ decision: CommitDecision) {
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

    private func refusals(behind isolation: RowIsolation, of task: TaskID) -> RefusalSeries? {
        let count = isolation.refused.count
        if isolation.hasWritten { return nil }
        if isolation.isRefusedAsWhole { return .broken(count, after: refusals[task], at: now()) }
        return count == 0 ? refusals[task] : .adding(count, to: refusals[task], at: now())
    }

    /// Refuses to go on keeping a whole stream as dead letters.
    private func checkRefusals(
        _ isolation: RowIsolation, _ series: RefusalSeries?, _ decision: CommitDecision
    ) throws {
        guard let series, series.isBroken, let last = isolation.refused.last else { return }
        throw Refusal(
            reason: DataflowError(
                .rejected, domain: .user, retry: .backoff,
                "the database refused \(series.count) rows of task \(decision.task) in a row and took none, the last "
                    + "for \(decision.tables[last.table].table.name): \(last.reason); mend the table's constraint or "
                    + "trigger, and the commit is made by itself; or filter such rows in the pipeline, and start it "
                    + "anew", partition: decision.position.offsets.keys.min()))
    }

    private func outOfTime(
        _ isolation: RowIsolation, _ decision: CommitDecision
    ) -> DataflowError {
        let rows = decision.tables.reduce(0) { $0 + $1.rows.count }
        return DataflowError(
            .rejected, domain: .user, retry: .backoff,
            "the database refuses so many of \(rows) rows of task \(decision.task) that they were not found within "
                + "\(PostgresCommitAuthority.longestIsolation); fewer are tried at once",
            partition: decision.position.offsets.keys.min())
    }

    private func note(
        _ series: RefusalSeries?, of task: TaskID, _ generation: Int64,
        _ connection: PostgresConnection
    ) throws {
        try PositionStatements.note(
            series, of: task, generation: generation, now: now(), on: connection)
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
