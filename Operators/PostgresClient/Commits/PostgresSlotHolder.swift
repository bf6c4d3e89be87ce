internal import Records
public import State

/// Holds a slot by a lease in PostgreSQL.
///
/// While the database is away the slot is kept as long as nobody else can have it, and no longer.
public final class PostgresSlotHolder: SlotHolder {
    /// For how long a lease lasts without being prolonged.
    static let duration = Duration.seconds(10)
    /// How often it is prolonged.
    static let renewal = Duration.seconds(3)

    private let leases: any SlotLeasing
    private let run: String
    private let stage: String
    private var lease: SlotLease?
    private var renewedAt: ContinuousClock.Instant
    private var triedAt: ContinuousClock.Instant
    /// Why the last try failed to prolong the lease, or to take one.
    private var failure: (any Error)?
    /// Whether the last try was one to take a lease.
    private var hasTriedToTake = false
    private let clock: () -> ContinuousClock.Instant

    /// Makes a holder of nothing; nothing is connected yet.
    ///
    /// - Parameter owner: the worker's name, for people who look at the table.
    package convenience init(
        _ configuration: PostgresConfiguration, owner: String, run: String, stage: String
    ) {
        self.init(PostgresSlotLeases(configuration, owner: owner), run: run, stage: stage)
    }

    /// Makes a holder of nothing, of leases by a clock.
    package init(
        _ leases: any SlotLeasing, run: String, stage: String,
        clock: @escaping () -> ContinuousClock.Instant = { .now }
    ) {
        self.leases = leases
        self.run = run
        self.stage = stage
        self.clock = clock
        renewedAt = clock()
        triedAt = renewedAt
    }

    /// Keeps the slot, or takes the lowest that is free.
    ///
    /// - Throws: why no lease could be taken, or why it could not be prolonged, from when it has run out, until a
    ///   try succeeds, one every ``renewal``: callers come with every turn of their thread.
    public func hold() throws -> Int32 {
        let now = clock()
        if let lease {
            if now - triedAt < PostgresSlotHolder.renewal { return try held(lease, now) }
            triedAt = now
            do {
                if try leases.renew(lease, for: PostgresSlotHolder.duration) {
                    renewedAt = now
                    failure = nil
                    return lease.slot
                }
                self.lease = nil
            } catch {
                failure = error
                // The question may have taken long.
                triedAt = clock()
                return try held(lease, triedAt)
            }
        }
        return try take(now)
    }

    private func take(_ now: ContinuousClock.Instant) throws -> Int32 {
        if hasTriedToTake, let failure, now - triedAt < PostgresSlotHolder.renewal {
            throw failure
        }
        hasTriedToTake = true
        do {
            let taken = try leases.acquire(
                run: run, stage: stage, for: PostgresSlotHolder.duration)
            lease = taken
            renewedAt = now
            triedAt = now
            hasTriedToTake = false
            failure = nil
            return taken.slot
        } catch {
            failure = error
            triedAt = clock()
            throw error
        }
    }

    private func held(_ lease: SlotLease, _ now: ContinuousClock.Instant) throws -> Int32 {
        if let failure, now - renewedAt >= PostgresSlotHolder.duration { throw failure }
        return lease.slot
    }

    /// Gives the slot back, and ends the session.
    public func release() {
        if let lease { try? leases.release(lease) }
        lease = nil
        leases.close()
    }
}
