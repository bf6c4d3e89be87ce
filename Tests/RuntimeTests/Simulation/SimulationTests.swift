import Dataflow
import OperatorTesting
import Records
import Runtime
import Testing

@Suite("Simulation: the real workers in a seeded order")
struct SimulationTests {
    static let seedsPerCase: UInt64 = 20

    /// Feeds events while the simulation runs, then ends it.
    static func play(
        _ pipeline: String, _ events: [Event], seed: UInt64, faults: Int,
        _ define: @escaping (GraphBuilder) -> Void
    ) throws -> PipelineHarness {
        let harness = try PipelineHarness(
            pipeline, .shuffled(seed: seed, faults: faults), define: define)
        var random = SeededGenerator(seed: seed)
        var sent = 0
        while sent < events.count {
            let next = min(events.count, sent + 1 + Int(random.next() % 24))
            try harness.send(Array(events[sent..<next]))
            sent = next
            try harness.advance(by: .milliseconds(Int64(random.next() % 600)))
        }
        try harness.finish()
        return harness
    }

    @Test("without a fault every window is exact, in any order", arguments: 0..<5)
    func calm(block: UInt64) throws {
        for seed in (block * 4)..<(block * 4 + 4) {
            let events = Event.make(90, seed: seed)
            let harness = try Self.play(
                "windows", events, seed: seed, faults: 0,
                TestPipelines.windows(early: seed % 2 == 0))
            let oracle = ReferenceInterpreter(events: events).windowTotals
            #expect(differences(try harness.lastTotals(), from: oracle).isEmpty, "seed \(seed)")
            #expect(differences(harness.tableTotals(), from: oracle).isEmpty, "seed \(seed)")
        }
    }

    @Test(
        "at-least-once under every fault: no window counts less than the oracle's", arguments: 0..<5
    )
    func atLeastOnce(block: UInt64) throws {
        for seed in (block * Self.seedsPerCase)..<((block + 1) * Self.seedsPerCase) {
            let events = Event.make(80, seed: seed)
            let harness = try Self.play(
                "windows", events, seed: seed, faults: 2,
                TestPipelines.windows(early: seed % 2 == 0))
            let oracle = ReferenceInterpreter(events: events).windowTotals
            let faults = shortfalls(try harness.largestTotals(), of: oracle)
            #expect(faults.isEmpty, "seed \(seed)")
            // The table is a function of the topic, exactly once, whatever the topic says.
            let last = try harness.lastTotals()
            #expect(differences(harness.tableTotals(), from: last).isEmpty, "seed \(seed)")
        }
    }

    @Test("rows and offsets in one transaction: exactly once under every fault", arguments: 0..<3)
    func exactlyOnceRows(block: UInt64) throws {
        for seed in (block * Self.seedsPerCase)..<((block + 1) * Self.seedsPerCase) {
            let events = Event.make(80, seed: seed)
            let harness = try Self.play(
                "sums", events, seed: seed, faults: 3, TestPipelines.sums)
            #expect(
                differences(
                    harness.tableTotals(), from: ReferenceInterpreter(events: events).userSums
                ).isEmpty, "seed \(seed)")
        }
    }

    @Test("a chain with every seam loses nothing under every fault", arguments: 0..<2)
    func seams(block: UInt64) throws {
        for seed in (block * Self.seedsPerCase)..<((block + 1) * Self.seedsPerCase) {
            let events = Event.make(60, seed: seed)
            let harness = try Self.play(
                "seams", events, seed: seed, faults: 2, TestPipelines.seams)
            let oracle = ReferenceInterpreter(events: events)
            let faults = shortfalls(harness.tableTotals(), of: oracle.seamTotals)
            #expect(faults.isEmpty, "seed \(seed)")
            #expect(Set(harness.latest().keys) == Set(oracle.latest.keys), "seed \(seed)")
        }
    }

    @Test("the same seed gives the same run, step by step")
    func deterministic() throws {
        let events = Event.make(60, seed: 9)
        let runs = try (0..<2).map { _ in
            let harness = try Self.play(
                "windows", events, seed: 9, faults: 2, TestPipelines.windows(early: true))
            return (harness.driver.steps, harness.driver.log.records(of: "totals"))
        }
        #expect(runs[0].0 == runs[1].0)
        #expect(runs[0].1 == runs[1].1)
    }

    @Test("every fault strikes in the seeds that are run")
    func faultsStrike() throws {
        var counts: [Fault: Int] = [:]
        for seed in 0..<12 as Range<UInt64> {
            for (name, define) in [
                ("windows", TestPipelines.windows()), ("sums", TestPipelines.sums),
            ] {
                let options = SimulationOptions.shuffled(seed: seed, faults: 3)
                let harness = try PipelineHarness(name, options, define: define)
                try harness.send(Event.make(60, seed: seed))
                try harness.advance(by: .seconds(2))
                try harness.finish()
                for (fault, count) in options.faults?.counts ?? [:] {
                    counts[fault, default: 0] += count
                }
            }
        }
        for fault in Fault.allCases { #expect(counts[fault, default: 0] > 0, "\(fault)") }
    }

    @Test("a failing run names its seed and step")
    func namesItsSeed() throws {
        var options = SimulationOptions.shuffled(seed: 4_711)
        options.maximumSteps = 50
        let harness = try PipelineHarness("windows", options, define: TestPipelines.windows())
        try harness.send(Event.make(60, seed: 1))
        let error = #expect(throws: DataflowError.self) { try harness.finish() }
        #expect(error?.message.contains("seed 4711") ?? false)
        #expect(error?.message.contains("step 51") ?? false)
    }
}
