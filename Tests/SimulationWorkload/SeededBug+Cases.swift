package import OperatorTesting
internal import Records
internal import Runtime

/// Where a mistake that is made on purpose shows, and as what.
extension SeededBug {
    /// The pipelines in which the mistake can show.
    package var subjects: [SimulationCase.Subject] {
        switch self {
        case .skipFencing: [.sums, .running]
        case .forgottenTimers: [.delayed]
        case .markerBeforeRecords: [.windows]
        case .staleSnapshot, .offsetsBeforeOutputs, .anonymousCommit, .erasedMetadata,
            .reusedAttempt, .pausedBatch:
            [.running, .windows]
        }
    }

    /// The longest run, in steps: more than any takes that comes to its end (15,000); fewer where the mistake shows as
    /// a run that doesn't, as those are played to the last step.
    private var maximumSteps: Int { ways.contains(.endless) ? 10_000 : 40_000 }

    /// A seed of the simulation with the mistake switched on, or off for comparison, under exactly-once and every
    /// fault.
    package func makeCase(seed: UInt64, isMade: Bool = true) -> SimulationCase {
        var item = SimulationCase(
            seed: seed, subjects[Int(seed % UInt64(subjects.count))], .exactlyOnce)
        item.bug = isMade ? self : nil
        item.maximumSteps = maximumSteps
        // It takes somebody who wakes with a commit in hand that another has made, before its transaction is ended.
        if self == .anonymousCommit { item.transactionTimeoutMilliseconds = 60_000 }
        return item
    }

    /// In which ways a run goes wrong by the mistake: the first one in some seed, no other one in any.
    package var ways: [SimulationProblem.Kind] {
        switch self {
        // Two owners of one transaction: what one aborts, the other commits the offsets of; a checkpoint that those
        // name may be collected by then.
        case .skipFencing: [.lost, .doubled, .stopped]
        // The offsets may name a checkpoint that was collected, as its transaction was lost; and nothing fences them, so
        // that whoever wakes up late takes the group back to what others have gone on from.
        case .offsetsBeforeOutputs: [.lost, .stopped, .doubled]
        // Sums begin anew: totals that are too small, that nobody should see, and some of which are as others were. A
        // window that was closed behind the snapshot is closed once more, with what it held then.
        case .staleSnapshot: [.lost, .wrong, .doubled]
        // What lies there looks half written, so that nothing is committed any more; or it is collected as garbage.
        case .reusedAttempt: [.endless, .stopped]
        // Two owners commit the same records; the late one's offsets may name a checkpoint that was collected.
        case .anonymousCommit: [.doubled, .stopped]
        case .erasedMetadata: [.stopped]
        // Windows close before their records are there, and are revised.
        case .markerBeforeRecords: [.lost, .doubled]
        case .pausedBatch: [.lost, .wrong]
        case .forgottenTimers: [.lost]
        }
    }

    /// Whether the mistake explains what went wrong.
    package func explains(_ problem: SimulationProblem, in report: SimulationCase.Report) -> Bool {
        guard ways.contains(problem.kind) else { return false }
        switch (self, problem.kind) {
        case (.reusedAttempt, .endless):
            return report.told.contains { $0.message.contains("left half written") }
        case (.reusedAttempt, .stopped): return problem.failure?.code == .corruptCheckpoint
        case (.skipFencing, .stopped), (.offsetsBeforeOutputs, .stopped),
            (.anonymousCommit, .stopped):
            return problem.failure?.code == .corruptCheckpoint
                && problem.text.contains("it is missing")
        case (.staleSnapshot, .doubled):
            return problem.isRepetition
        case (.erasedMetadata, .stopped):
            return problem.failure?.code == .incompatibleState
                && problem.text.contains("names no checkpoint")
        default: return true
        }
    }
}
