internal import Records
public import State

/// Holds a slot by a lease in PostgreSQL.
///
/// While the database is away the slot is kept as long as nobody else can have it.
public final class PostgresSlotHolder: SlotHolder {
    /// For how long a lease lasts without being prolonged.
    static let duration = Duration.seconds(10)
    /// How often it is prolonged.
    static let renewal = Duration.seconds(3)

    private let leases: PostgresSlotLeases
    private let run: String
    private let stage: String
    private var lease: SlotLease?
    private var renewedAt = ContinuousClock.now
    private var triedAt = ContinuousClock.now

    /// Makes a holder of nothing; nothing is connected yet.
    ///
    /// - Parameter owner: the worker's name, for people who look at the table.
    package init(_ configuration: PostgresConfiguration, owner: String, run: String, stage: String)
    {
        leases = PostgresSlotLeases(configuration, owner: owner)
        self.run = run
        self.stage = stage
    }

    /// Keeps the slot, or takes the lowest that is free.
    public func hold() throws -> Int32 {
        let now = ContinuousClock.now
        if let lease {
            if now - triedAt < PostgresSlotHolder.renewal { return lease.slot }
            triedAt = now
            do {
                if try leases.renew(lease, for: PostgresSlotHolder.duration) {
                    renewedAt = now
                    return lease.slot
                }
                self.lease = nil
            } catch {
                guard now - renewedAt < PostgresSlotHolder.duration else { throw error }
                return lease.slot
            }
        }
        let taken = try leases.acquire(run: run, stage: stage, for: PostgresSlotHolder.duration)
        lease = taken
        renewedAt = now
        triedAt = now
        return taken.slot
    }

    /// Gives the slot back, and ends the session.
    public func release() {
        if let lease { try? leases.release(lease) }
        lease = nil
        leases.close()
    }
}
