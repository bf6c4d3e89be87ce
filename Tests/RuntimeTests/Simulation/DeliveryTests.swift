import OperatorTesting
import Runtime
import SimulationWorkload
import Testing

@Suite("Simulation: what each delivery promises, under every fault")
struct DeliveryTests {
    static let blocks = 8
    static let seedsPerBlock: UInt64 = 25

    @Test("200 seeds are clean", arguments: 0..<UInt64(blocks))
    func clean(block: UInt64) {
        for seed in (block * Self.seedsPerBlock)..<((block + 1) * Self.seedsPerBlock) {
            let item = SimulationCase(seed: seed)
            let report = item.run()
            #expect(report.problems.isEmpty, "\(item): again with make sim SEED=\(seed)")
        }
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

    @Test("every fault strikes and every crash point is hit in the seeds that are run")
    func coverage() {
        var summary = SimulationSummary()
        for seed in 0..<240 as Range<UInt64> {
            let item = SimulationCase(seed: seed)
            summary.add(item, item.run())
        }
        #expect(summary.missedCrashPoints.isEmpty)
        #expect(summary.missedFaults.isEmpty)
        #expect(summary.recordsChecked > 1_000)
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
        #expect(problems.first?.contains("seed 4711") ?? false, "\(problems)")
    }
}

@Suite("Simulation: mistakes made on purpose are noticed")
struct SeededBugTests {
    /// The pipelines in which a mistake can show.
    private func subjects(_ bug: SeededBug) -> [SimulationCase.Subject] {
        switch bug {
        case .skipFencing: [.sums, .running]
        case .forgottenTimers: [.delayed]
        case .markerBeforeRecords: [.windows]
        case .staleSnapshot, .offsetsBeforeOutputs, .anonymousCommit, .erasedMetadata,
            .reusedAttempt, .pausedBatch:
            [.running, .windows]
        }
    }

    @Test("each within a few dozen seeds", arguments: SeededBug.allCases)
    func caught(bug: SeededBug) {
        let subjects = subjects(bug)
        let seeds = 0..<120 as Range<UInt64>
        let caught = seeds.first { seed in
            var item = SimulationCase(
                seed: seed, subjects[Int(seed % UInt64(subjects.count))], .exactlyOnce)
            item.bug = bug
            item.faults = 3
            return !item.run().problems.isEmpty
        }
        #expect(caught != nil, "\(bug) went unnoticed in \(seeds.count) seeds")
    }
}
