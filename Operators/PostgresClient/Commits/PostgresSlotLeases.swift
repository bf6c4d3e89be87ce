/// Leases the slots of transactional ids, so that of all workers each thread has one of its own and a
/// worker that comes back takes over a slot that a dead one left: its first transaction fences the dead.
///
/// A lease expires by the database's clock; workers' clocks don't matter. It belongs to one thread.
/// Errors are `DataflowError`.
package final class PostgresSlotLeases: SlotLeasing {
    /// The most slots of one stage: worker threads, all workers together.
    package static let maximumSlots: Int64 = 10_000

    private let session: PostgresSession
    private let owner: String
    private var isInstalled = false

    /// Makes a lease holder; nothing is connected yet.
    ///
    /// - Parameter owner: the worker's name, for people who look at the table.
    package init(_ configuration: PostgresConfiguration, owner: String) {
        session = PostgresSession(configuration)
        self.owner = owner
    }

    /// Takes the lowest slot that is free or has expired.
    ///
    /// - Throws: `.limitExceeded` when ``maximumSlots`` are leased.
    package func acquire(run: String, stage: String, for duration: Duration) throws -> SlotLease {
        try asDataflowError {
            let connection = try connectionWithTable()
            return try connection.transaction {
                // One at a time, so that two newcomers don't both make the same slot.
                try advisoryLock("slots of \(run)/\(stage)", on: connection)
                let common: [PostgresParameter] = [
                    .text(run), .text(stage), .text(owner), .integer(duration.wholeMilliseconds),
                ]
                let expired = try connection.query(PostgresSlotLeases.takeExpired, common)
                let result =
                    try expired.isEmpty
                    ? connection.query(
                        PostgresSlotLeases.add,
                        common + [.integer(PostgresSlotLeases.maximumSlots)])
                    : expired
                guard let row = result.first else {
                    throw PostgresError(
                        .limit,
                        "all \(PostgresSlotLeases.maximumSlots) slots of stage \(stage) are leased")
                }
                return SlotLease(
                    run: run, stage: stage, slot: try row.value(0), generation: try row.value(1))
            }
        }
    }

    /// Prolongs a lease; one that has expired is still there as long as nobody took it.
    ///
    /// - Returns: false when somebody else has the slot: the producer must be given up.
    package func renew(_ lease: SlotLease, for duration: Duration) throws -> Bool {
        try update(
            lease,
            """
            UPDATE millrace.slot_leases
            SET expires_at = clock_timestamp() + $5::float8 * interval '1 millisecond'
            WHERE run = $1 AND stage = $2 AND slot = $3 AND generation = $4
            """, [.double(Double(duration.wholeMilliseconds))])
    }

    /// Gives a slot back; one that somebody else has taken stays theirs.
    package func release(_ lease: SlotLease) throws {
        _ = try update(
            lease,
            """
            UPDATE millrace.slot_leases SET expires_at = '-infinity'
            WHERE run = $1 AND stage = $2 AND slot = $3 AND generation = $4
            """)
    }

    /// Ends the session; leases last until they expire.
    package func close() { session.close() }

    private func update(
        _ lease: SlotLease, _ sql: String, _ further: [PostgresParameter] = []
    ) throws -> Bool {
        try asDataflowError {
            let result = try connectionWithTable().query(
                sql,
                [
                    .text(lease.run), .text(lease.stage), .int32(lease.slot),
                    .integer(lease.generation),
                ] + further)
            return result.affectedRows == 1
        }
    }

    private func connectionWithTable() throws -> PostgresConnection {
        let connection = try session.connection()
        if !isInstalled {
            try installTable("slot_leases", PostgresSlotLeases.create, on: connection)
            isInstalled = true
        }
        return connection
    }

    private static let create = """
        CREATE TABLE IF NOT EXISTS millrace.slot_leases (
            run text NOT NULL,
            stage text NOT NULL,
            slot integer NOT NULL,
            generation bigint NOT NULL,
            owner text NOT NULL,
            expires_at timestamptz NOT NULL,
            PRIMARY KEY (run, stage, slot)
        )
        """

    /// The outer condition repeats the expiry: a holder may renew between the look and the update.
    private static let takeExpired = """
        UPDATE millrace.slot_leases AS l SET generation = l.generation + 1, owner = $3,
            expires_at = clock_timestamp() + $4::bigint::float8 * interval '1 millisecond'
        WHERE l.run = $1 AND l.stage = $2 AND l.expires_at <= clock_timestamp() AND l.slot = (
            SELECT min(f.slot) FROM millrace.slot_leases f
            WHERE f.run = $1 AND f.stage = $2 AND f.expires_at <= clock_timestamp())
        RETURNING slot, generation
        """

    private static let add = """
        INSERT INTO millrace.slot_leases (run, stage, slot, generation, owner, expires_at)
        SELECT $1, $2, coalesce(max(slot) + 1, 0), 1, $3,
            clock_timestamp() + $4::bigint::float8 * interval '1 millisecond'
        FROM millrace.slot_leases WHERE run = $1 AND stage = $2
        HAVING coalesce(max(slot) + 1, 0) < $5
        RETURNING slot, generation
        """
}
