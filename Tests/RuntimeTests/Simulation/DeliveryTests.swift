import Foundation
import OperatorTesting
import Runtime
import SimulationWorkload
import Testing

@Suite("Simulation: what each delivery promises, under every fault")
struct DeliveryTests {
    static let seeds = 0..<UInt64(SimulationSummary.seedsForCoverage)

    @Test("200 seeds are clean; every fault strikes in them, and every crash point is hit")
    func clean() async throws {
        let summary = await SimulationSummary.play(Self.seeds.map { SimulationCase(seed: $0) })
        for (item, report) in summary.failures {
            Issue.record(
                "\(item): again with make sim SEED=\(item.seed): \(report.problems.prefix(3))")
        }
        #expect(summary.missedCrashPoints.isEmpty)
        #expect(summary.missedFaults.isEmpty)
        #expect(summary.commitsInPart > 0)
        #expect(summary.recordsChecked > 1_000)
        try Self.tell(summary)
    }

    /// Says it where it is seen at the end of a run of all tests, too: `.ci/test` repeats the file.
    private static func tell(_ summary: SimulationSummary) throws {
        let line = "simulation: \(summary.line)"
        print(line)
        guard let file = ProcessInfo.processInfo.environment["MILLRACE_SIMULATION_LINE"] else {
            return
        }
        try (line + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    }

    @Test(
        "exactly-once survives a death at each place of the commit protocol",
        arguments: CrashPoint.allCases)
    func crashPoints(point: CrashPoint) {
        var crashes = 0
        for seed in 0..<24 as Range<UInt64> {
            let subject: SimulationCase.Subject = seed % 2 == 0 ? .running : .windows
            var item = SimulationCase(seed: seed, subject, .exactlyOnce)
            item.crashPoint = point
            let report = item.run()
            crashes += report.crashes[point, default: 0]
            #expect(report.problems.isEmpty, "\(item), killed at \(point)")
        }
        #expect(crashes > 0, "nobody was killed at \(point): the test proves nothing")
    }

    @Test("the same seed gives the same run, step by step")
    func deterministic() {
        for seed in [3, 4, 10, 18] as [UInt64] {
            let item = SimulationCase(seed: seed)
            let (first, second) = (item.run(), item.run())
            #expect(first.steps == second.steps)
            #expect(first.faults == second.faults)
            #expect(first.reached == second.reached)
            #expect(first.recordsChecked == second.recordsChecked)
        }
    }

    @Test("silence past the deadline is a failure that names its seed")
    func silence() {
        var item = SimulationCase(seed: 4_711)
        item.maximumSteps = 50
        let problems = item.run().problems
        #expect(problems.first?.text.contains("seed 4711") ?? false, "\(problems)")
    }
}
