/// What can go wrong in a simulation.
public enum Fault: String, CaseIterable, Sendable {
    /// A worker is killed between two commands; what its client had not sent is gone.
    case crash
    /// A worker is killed at a named place of the commit protocol.
    case crashPoint
    /// A further worker joins its group.
    case join
    /// A worker leaves in order.
    case leave
    /// The group takes a worker for dead, which goes on until it hears of it.
    case expiry
    /// The group takes a worker for dead, which stands still meanwhile and wakes up seconds later.
    case zombie
    /// The same in the moment in which its commit is prepared and not decided: two owners work at one epoch.
    case lateDecision
    /// The store refuses a checkpoint for now, as a full disk does.
    case storeRefused
    /// The store keeps a checkpoint, and nobody hears of it.
    case storeUnheard
    /// The store keeps half of a checkpoint under its name.
    case storeTorn
    /// A bit of a checkpoint is turned over on its way from the store.
    case bitFlipped
    /// The authority refuses a commit for now; nothing was recorded.
    case commitRefused
    /// The authority records a commit, and nobody hears of it.
    case commitUnheard
    /// A commit is lost on its way, and nobody hears of that either.
    case commitLost
    /// The database takes nothing of one task for seconds, as when its table's trigger is broken; others go on.
    case tableBroken
    /// The authority takes no offsets into a transaction for now.
    case offsetsRefused
    /// Nobody hears whether offsets became part of a transaction.
    case offsetsLost
    /// Nobody hears whether a transaction was aborted.
    case abortLost
    /// A transactional id can't be taken over for now.
    case takeOverRefused
    /// The log takes no output for now.
    case writeRefused
    /// Output is sent seconds late.
    case slowSink
    /// Output is appended twice.
    case duplicate
    /// The log can't be asked for now.
    case readRefused
    /// Nobody says how many partitions a topic has, for now, so that no task can be built.
    case questionRefused
    /// An answer comes a second time.
    case answerDuplicated
    /// Two answers change places.
    case answerReordered
    /// Database and log take nothing for seconds.
    case outage
    /// The clock is turned back.
    case clockJump
    /// The clock leaps ahead.
    case clockLeap
}
