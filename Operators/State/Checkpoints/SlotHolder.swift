/// Holds one of a stage's slots for a worker thread: the number in its transactional id.
///
/// Whoever gets a slot that another held fences that other with its first transaction, so a lease decides how
/// soon a dead worker's transaction ends and never what is committed. A holder belongs to one thread.
public protocol SlotHolder: AnyObject {
    /// Keeps the slot that is held, or takes one that is free; cheap when it was called a moment ago.
    ///
    /// - Returns: the slot's number, another than before when somebody has taken that one over.
    func hold() throws -> Int32

    /// Gives the slot back.
    func release()
}
