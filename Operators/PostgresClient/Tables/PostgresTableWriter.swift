internal import Records
public import State

/// Keeps tables in PostgreSQL: upserts through `unnest`, one statement a 10,000 rows.
///
/// Of one key only the last change of a call counts; rows are written in key order, so that writers of
/// the same table don't lock each other out. It belongs to one thread and connects when it is first used.
/// Errors are `DataflowError`: a table that does not fit and a violated constraint are the user's
/// (`.tableMismatch`), a row that PostgreSQL can't store is `.rejected`, and what may pass has retry
/// `.backoff` (a repeated write of the same changes leaves the same rows) or `.restart`.
public final class PostgresTableWriter: TableWriter {
    private let session: PostgresSession
    private var applier = TableApplier()

    /// Makes a writer; nothing is connected yet.
    package init(_ configuration: PostgresConfiguration) {
        session = PostgresSession(configuration)
    }

    /// Creates the table if it is missing, partitioned by day where the description says so, and
    /// refuses one that does not fit, naming each difference.
    public func prepare(_ table: TableSpec) throws {
        try asDataflowError {
            try applier.prepare(table, on: session.connection())
        }
    }

    /// Applies changes atomically.
    public func write(_ changes: [TableChanges]) throws {
        try asDataflowError {
            let connection = try session.connection()
            let sets = try applier.changeSets(changes, on: connection)
            guard !sets.isEmpty else { return }
            try applier.ensurePartitions(sets, on: connection)
            try connection.transaction { try applier.apply(sets, on: connection) }
            applier.noteSuccess()
        }
    }

    /// Ends the session.
    package func close() { session.close() }
}
