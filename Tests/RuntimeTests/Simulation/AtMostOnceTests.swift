import OperatorTesting
import Runtime
import SimulationWorkload
import Testing

@Suite("Simulation: at most once")
struct AtMostOnceTests {
    static let seeds = 0..<120 as Range<UInt64>

    /// Every pipeline in turn.
    private func items(faults: Int) -> [SimulationCase] {
        let subjects = SimulationCase.Subject.allCases
        return Self.seeds.map { seed in
            var item = SimulationCase(
                seed: seed, subjects[Int(seed) % subjects.count], .atMostOnce)
            item.faults = faults
            return item
        }
    }

    private func expectClean(_ summary: SimulationSummary) {
        for (item, report) in summary.failures {
            Issue.record("\(item), \(item.faults) faults: \(report.problems.prefix(3))")
        }
    }

    @Test("without a fault everything is there, once")
    func calm() async {
        let summary = await SimulationSummary.play(items(faults: 0))
        expectClean(summary)
        #expect(summary.faults.isEmpty && summary.recordsChecked > 1_000)
    }

    @Test("with deaths nothing counts for more than it is, and something is lost")
    func deaths() async {
        let calm = await SimulationSummary.play(items(faults: 0))
        let summary = await SimulationSummary.play(items(faults: 2))
        expectClean(summary)
        #expect(summary.crashes.values.reduce(0, +) > 0, "nobody was killed")
        // Else the promise that is tested would be a stronger one.
        #expect(summary.recordsChecked < calm.recordsChecked)
    }
}
