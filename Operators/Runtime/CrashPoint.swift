/// A place in the commit protocol at which a process may die with the most to spoil.
///
/// The code says when it stands at one; a simulation kills the worker there and counts how often it did, and a
/// set of runs that has not hit each one proves nothing.
public enum CrashPoint: String, CaseIterable, Hashable, Sendable {
    /// The authority has told where a task stands, and nobody has acted on it.
    case claimed
    /// A task's checkpoints are read.
    case restored
    /// The reader stands at the task's offsets.
    case started
    /// Output was handed over that no offset accounts for yet.
    case produced
    /// Some checkpoints of a commit are durable, others are not.
    case preparing
    /// All checkpoints of a commit are durable, and nothing is decided.
    case prepared
    /// All output of a commit is acknowledged, and nothing is decided.
    case flushed
    /// The offsets are part of the transaction, which is not committed.
    case offsetsSent
    /// Some tasks of a commit are decided, others are not, where each is decided by itself.
    case deciding
    /// The commit is decided, and the worker has not heard of it.
    case decided
    /// A transaction was given up, and its tasks have not asked where they stand.
    case abandoned
    /// Partitions are about to be given back behind their last commit.
    case releasing
    /// Some checkpoints that nothing names are removed, others are not.
    case collecting
}
