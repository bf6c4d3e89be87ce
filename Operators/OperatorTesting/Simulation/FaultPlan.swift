internal import Records
public import Runtime

/// Decides by a seed what goes wrong and when, and no more often than it was allowed to.
public final class FaultPlan {
    private var random: SeededGenerator
    private var budgets: [Fault: Int]
    /// How often each fault has struck.
    public private(set) var counts: [Fault: Int] = [:]
    /// How often a worker was killed at each place of the commit protocol.
    public private(set) var crashes: [CrashPoint: Int] = [:]
    /// Where a worker is to be killed; nil: anywhere.
    public var crashPoint: CrashPoint?

    /// Makes a plan.
    ///
    /// - Parameter budgets: how often each fault may strike; one that isn't named never does.
    public init(seed: UInt64, budgets: [Fault: Int] = [:]) {
        random = SeededGenerator(seed: seed)
        self.budgets = budgets
    }

    /// Every fault, so often each, and a place to be killed at that the seed chooses.
    public static func all(seed: UInt64, each budget: Int) -> FaultPlan {
        let plan = FaultPlan(
            seed: seed,
            budgets: Dictionary(uniqueKeysWithValues: Fault.allCases.map { ($0, budget) })
        )
        let points = CrashPoint.allCases
        plan.crashPoint = points[Int(plan.random.next() % UInt64(points.count))]
        return plan
    }

    /// Whether a fault strikes now: one time in `chances`, as long as its budget lasts.
    public func strikes(_ fault: Fault, oneIn chances: UInt64) -> Bool {
        guard let left = budgets[fault], left > 0 else { return false }
        guard random.next() % max(1, chances) == 0 else { return false }
        budgets[fault] = left - 1
        counts[fault, default: 0] += 1
        return true
    }

    /// Whether a worker dies that stands at a place of the commit protocol.
    func kills(at point: CrashPoint) -> Bool {
        guard crashPoint == nil || crashPoint == point, strikes(.crashPoint, oneIn: 3) else {
            return false
        }
        crashes[point, default: 0] += 1
        return true
    }

    /// Nothing goes wrong from now on.
    public func cease() { budgets = [:] }
}

/// A worker dies at a place of the commit protocol: nothing that it was about to do happens.
struct SimulatedCrash: Error {
    let point: CrashPoint
}
