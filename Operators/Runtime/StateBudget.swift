internal import Dataflow
internal import Records
internal import State
internal import Synchronization

/// How much state all tasks of a process may keep together, whatever each may keep for itself: what a machine has
/// is shared by all of them.
///
/// Tasks of any thread and pipeline charge what they keep to one budget, in bytes as their operators write it.
public final class StateBudget: Sendable {
    /// The most bytes.
    public let maximumBytes: Int
    private let used = Mutex(Use())

    /// What tasks keep.
    struct Use {
        /// Bytes that were weighed.
        var weighed = 0
        /// Bytes of checkpoints that stand for state which was not written since it was restored.
        var estimated = 0
    }

    /// How much more may be kept of what is only estimated: a chain of checkpoints weighs up to that many times
    /// its state, and until keys of it are written nobody knows how many.
    static let restoreExcess = 2

    /// Makes a budget.
    public init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// How many bytes are kept; of state that was restored and not written since, those of its checkpoints.
    public var bytes: Int { used.withLock { $0.weighed + $0.estimated } }

    /// How much room there is for state that may be incomplete.
    var room: StateRoom {
        let bytes = used.withLock { $0.weighed + $0.estimated / StateBudget.restoreExcess }
        return StateRoom(used: bytes, of: maximumBytes)
    }

    func change(from old: Use, to new: Use) {
        used.withLock {
            $0.weighed += new.weighed - old.weighed
            $0.estimated += new.estimated - old.estimated
        }
    }

    /// Why a task reads no more although its own state is within its bound; nil when it may.
    func excess(of task: TaskID) -> DataflowError? {
        let bytes = used.withLock { $0.weighed + $0.estimated / StateBudget.restoreExcess }
        guard bytes > maximumBytes else { return nil }
        return DataflowError(
            .limitExceeded, domain: .user,
            "all tasks of this process keep \(bytes) bytes of state, their bound is \(maximumBytes), so "
                + "\(task) reads no more: start a worker on another machine, set a time to live, or raise "
                + "--max-process-state-bytes")
    }
}

/// What one task has charged to a budget; given back with the task.
final class BudgetShare {
    private let budget: StateBudget?
    private var use = StateBudget.Use()

    init(_ budget: StateBudget?) { self.budget = budget }

    deinit { budget?.change(from: use, to: StateBudget.Use()) }

    /// - Parameter estimated: how many of `bytes` are an estimate.
    func set(_ bytes: Int, estimated: Int) {
        let now = StateBudget.Use(weighed: bytes - estimated, estimated: estimated)
        budget?.change(from: use, to: now)
        use = now
    }

    var room: StateRoom { budget?.room ?? .plenty }

    func excess(of task: TaskID) -> DataflowError? { budget?.excess(of: task) }
}
