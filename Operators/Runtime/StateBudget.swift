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
    private let used = Mutex(0)

    /// How much more may be kept while checkpoints are restored: a chain of them weighs up to that many times
    /// its state, and until the first commit nobody knows how many.
    static let restoreExcess = 2

    /// Makes a budget.
    public init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// How many bytes are kept.
    public var bytes: Int { used.withLock { $0 } }

    func change(by amount: Int) { used.withLock { $0 += amount } }

    /// Why a task reads no more although its own state is within its bound; nil when it may.
    func excess(of task: TaskID) -> DataflowError? {
        let bytes = bytes
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
    private var bytes = 0

    init(_ budget: StateBudget?) { self.budget = budget }

    deinit { budget?.change(by: -bytes) }

    func set(_ amount: Int) {
        budget?.change(by: amount - bytes)
        bytes = amount
    }

    func excess(of task: TaskID) -> DataflowError? { budget?.excess(of: task) }
}
