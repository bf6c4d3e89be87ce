/// How much of the state a snapshot holds.
public enum SnapshotScope: Hashable, Sendable {
    /// All of it: nothing older is needed.
    case everything
    /// What changed since the last snapshot.
    case changes
    /// What changed since the last snapshot, and one part of the rest, counted from 0: once all parts were
    /// written, in their order, nothing older than the first of them is needed.
    ///
    /// A part is made of the keys whose hashes lie in one range, so that a pass over all parts goes on where it stood
    /// in another process. So a long chain is made short without ever writing all of the state at once.
    case slice(Int, of: Int)
}
