/// Takes, prolongs and gives back leases of slots.
package protocol SlotLeasing: AnyObject {
    /// Takes the lowest slot that is free.
    func acquire(run: String, stage: String, for duration: Duration) throws -> SlotLease
    /// Prolongs a lease.
    ///
    /// - Returns: whether it was still the taker's.
    func renew(_ lease: SlotLease, for duration: Duration) throws -> Bool
    /// Gives a lease back.
    func release(_ lease: SlotLease) throws
    /// Ends the session.
    func close()
}
