import OperatorTesting
import Runtime
import SimulationWorkload
import Testing

@Suite("Simulation: mistakes made on purpose are noticed, and for what they are")
struct SeededBugTests {
    private func seeds(_ bug: SeededBug) -> Range<UInt64> {
        // Nearly every seed shows it, and each takes all the steps that it has.
        bug == .reusedAttempt ? 0..<20 : 0..<120
    }

    @Test(
        "each shows as itself in a few dozen seeds, which are clean without it",
        arguments: SeededBug.allCases)
    func caught(bug: SeededBug) async {
        let control = await SimulationSummary.play(
            seeds(bug).map { bug.makeCase(seed: $0, isMade: false) })
        for (item, report) in control.failures {
            Issue.record("\(item), without \(bug): \(report.problems.prefix(3))")
        }
        let summary = await SimulationSummary.play(seeds(bug).map { bug.makeCase(seed: $0) })
        // Nobody wakes up late enough to do harm with it: a run ends while its sleepers sleep.
        if bug == .anonymousCommit { return #expect(summary.isClean) }
        #expect(!summary.isClean, "\(bug) went unnoticed in \(summary.played) seeds")
        for (item, report) in summary.failures {
            let strange = report.problems.filter { !bug.explains($0) }
            #expect(
                strange.isEmpty,
                "\(item), with \(bug), failed for another reason: \(strange.prefix(3))")
        }
        if let way = bug.ways.first {
            #expect(summary.ways[way, default: 0] > 0, "\(bug): \(summary.ways)")
        }
    }
}
