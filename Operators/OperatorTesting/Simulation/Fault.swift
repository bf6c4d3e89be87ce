internal import Records

/// What can go wrong in a simulation.
public enum Fault: String, CaseIterable, Sendable {
    /// A worker is killed between two commands; what its client had not sent is gone.
    case crash
    /// A further worker joins its group.
    case join
    /// A worker leaves in order.
    case leave
    /// The group takes a worker for dead, which goes on until it hears of it.
    case expiry
    /// The store refuses a checkpoint for now.
    case storeRefused
    /// The store keeps a checkpoint, and nobody hears of it.
    case storeUnheard
    /// The authority refuses a commit for now; nothing was recorded.
    case commitRefused
    /// The authority records a commit, and nobody hears of it.
    case commitUnheard
    /// A commit is lost on its way, and nobody hears of that either.
    case commitLost
    /// The log takes no output for now.
    case writeRefused
    /// Output is appended twice.
    case duplicate
    /// The log can't be asked for now.
    case readRefused
    /// The clock is turned back.
    case clockJump
}

/// Decides by a seed what goes wrong and when, and no more often than it was allowed to.
public final class FaultPlan {
    private var random: SeededGenerator
    private var budgets: [Fault: Int]
    /// How often each fault has struck.
    public private(set) var counts: [Fault: Int] = [:]

    /// Makes a plan.
    ///
    /// - Parameter budgets: how often each fault may strike; one that isn't named never does.
    public init(seed: UInt64, budgets: [Fault: Int] = [:]) {
        random = SeededGenerator(seed: seed)
        self.budgets = budgets
    }

    /// Every fault, so often each.
    public static func all(seed: UInt64, each budget: Int) -> FaultPlan {
        FaultPlan(
            seed: seed,
            budgets: Dictionary(uniqueKeysWithValues: Fault.allCases.map { ($0, budget) })
        )
    }

    /// Whether a fault strikes now: one time in `chances`, as long as its budget lasts.
    public func strikes(_ fault: Fault, oneIn chances: UInt64) -> Bool {
        guard let left = budgets[fault], left > 0 else { return false }
        guard random.next() % max(1, chances) == 0 else { return false }
        budgets[fault] = left - 1
        counts[fault, default: 0] += 1
        return true
    }

    /// Nothing goes wrong from now on.
    public func cease() { budgets = [:] }
}
