import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Testing

/// What the seeds of the simulation vary beside order and faults.
@Suite("Simulation: pipelines, bounds and refusals that a seed decides")
struct FuzzedTests {
    private static let seeds = 0..<64 as Range<UInt64>

    private func play(_ items: [SimulationCase]) async -> SimulationSummary {
        let summary = await SimulationSummary.play(items)
        for (item, report) in summary.failures {
            Issue.record("\(item), \(item.faults) faults: \(report.problems.prefix(3))")
        }
        return summary
    }

    @Test("graphs that seeds put together publish what the oracle says", arguments: [0, 2])
    func graphs(faults: Int) async {
        let deliveries = Delivery.allCases
        let summary = await play(
            Self.seeds.map { seed in
                var item = SimulationCase(
                    seed: seed, .fuzzed, deliveries[Int(seed) % deliveries.count])
                item.faults = faults
                item.refusesRows = seed % 2 == 0
                item.isBounded = seed % 3 != 0
                return item
            })
        #expect(summary.recordsChecked > 1_000)
    }

    @Test(
        "a blocked task holds up neither a busy neighbour nor an idle one", arguments: [0, 2])
    func blocked(faults: Int) async {
        let items = Self.seeds.prefix(24).map { seed in
            var item = SimulationCase(
                seed: seed, .blocked, seed % 2 == 0 ? .exactlyOnce : .atLeastOnce)
            item.faults = faults
            item.isBounded = seed % 3 != 0
            return item
        }
        _ = await play(items)
        // It was blocked indeed.
        for item in items.prefix(4) {
            #expect(item.run().told.contains { $0.code == .limitExceeded }, "\(item)")
        }
    }

    @Test("rows that are refused are known from what they hold: some are, and not all")
    func refusals() {
        let events = Event.make(60, seed: 1)
        let totals = ReferenceInterpreter(events: events).sequences(withTimes: false).values
            .flatMap { $0 }
        #expect((1..<60).contains(events.count(where: Refusal.isRefused)))
        #expect((1..<60).contains(totals.count(where: Refusal.isRefused)))
    }

    @Test("a commit that is decided task by task stops in between, and nothing counts twice")
    func betweenTasks() async {
        let summary = await play(
            Self.seeds.prefix(24).map { seed in
                var item = SimulationCase(seed: seed, .sums, .exactlyOnce)
                item.partitions = 4
                item.crashPoint = .deciding
                return item
            })
        #expect(summary.crashes[.deciding] ?? 0 > 0)
    }
}
