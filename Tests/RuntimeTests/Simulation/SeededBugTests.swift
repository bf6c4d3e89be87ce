import OperatorTesting
import Runtime
import SimulationWorkload
import Testing

@Suite("Simulation: mistakes made on purpose are noticed, and for what they are")
struct SeededBugTests {
    private func seeds(_ bug: SeededBug) -> Range<UInt64> {
        switch bug {
        // Nearly every seed shows it.
        case .reusedAttempt, .erasedMetadata, .markerBeforeRecords: 0..<20
        // Every other one.
        case .offsetsBeforeOutputs, .forgottenTimers, .pausedBatch: 0..<40
        case .skipFencing, .staleSnapshot, .anonymousCommit: 0..<120
        }
    }

    @Test("the same seeds are clean without a mistake")
    func control() async {
        // What several of them share is played once.
        let items = Set(
            SeededBug.allCases.flatMap { bug in
                seeds(bug).map { bug.makeCase(seed: $0, isMade: false) }
            })
        let summary = await SimulationSummary.play(items.sorted { $0.seed < $1.seed })
        for (item, report) in summary.failures {
            Issue.record("\(item), without a mistake: \(report.problems.prefix(3))")
        }
        #expect(summary.played > 200)
    }

    @Test("each shows as itself in a few dozen seeds", arguments: SeededBug.allCases)
    func caught(bug: SeededBug) async {
        let summary = await SimulationSummary.play(seeds(bug).map { bug.makeCase(seed: $0) })
        #expect(!summary.isClean, "\(bug) went unnoticed in \(summary.played) seeds")
        for (item, report) in summary.failures {
            let strange = report.problems.filter { !bug.explains($0, in: report) }
            #expect(
                strange.isEmpty,
                "\(item), with \(bug), failed for another reason: \(strange.prefix(3))")
        }
        // A seed says the same again.
        if let (item, report) = summary.failures.first {
            let again = item.run()
            #expect(again.problems == report.problems && again.steps == report.steps, "\(item)")
        }
        if let way = bug.ways.first {
            #expect(summary.ways[way, default: 0] > 0, "\(bug): \(summary.ways)")
        }
    }
}
