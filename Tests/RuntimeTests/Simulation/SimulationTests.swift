import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Sinks
import Sources
import State
import Testing

@Suite("Simulation: the real workers in a seeded order")
struct SimulationTests {
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

    @Test("a checkpoint names how many keys there are in all, so that room is made once")
    func namedKeys() throws {
        let harness = try PipelineHarness(
            "running", PipelineTests.options(), define: TestPipelines.running)
        let events = Event.make(40, seed: 1)
        try harness.send(events)
        try harness.advance(by: .seconds(3))
        let store = harness.driver.store
        var latest: [String: Checkpoint] = [:]
        for name in try store.list(prefix: "") {
            guard let bytes = try store.read(name),
                let checkpoint = try? Checkpoint(decoding: bytes, expecting: nil)
            else { continue }
            let task = name.split(separator: "/").dropLast().joined(separator: "/")
            latest[task] = checkpoint
        }
        let keys = latest.values.flatMap(\.keysByOperator.values).reduce(0, +)
        #expect(keys == Set(events.map(\.user)).count)
    }

    @Test("a decided checkpoint that is damaged for good stops its task: nothing is made up")
    func damaged() throws {
        let harness = try PipelineHarness(
            "running", PipelineTests.options(), define: TestPipelines.running)
        try harness.send(Event.make(40, seed: 1))
        try harness.advance(by: .seconds(3))
        let store = harness.driver.store
        for name in try store.list(prefix: "") { store.flipBit(of: name, at: 40) }
        try harness.crashAndRestore()
        let error = #expect(throws: DataflowError.self) { try harness.finish() }
        #expect(
            error?.message.contains("corrupt-checkpoint") ?? false, "\(String(describing: error))")
    }

    /// One stage without any state.
    private static func copies(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        events.accepted.sink("copies", to: KafkaSink("copies"))
    }

    @Test(
        "a group whose offsets are gone does not begin afresh over what the store holds, with state or without",
        arguments: [false, true], Delivery.allCases)
    func expiredOffsets(hasState: Bool, delivery: Delivery) throws {
        var options = PipelineTests.options()
        options.worker.delivery = delivery
        let harness = try PipelineHarness("running", options) { graph in
            hasState ? TestPipelines.running(graph) : Self.copies(graph)
        }
        try harness.send(Event.make(40, seed: 1))
        // Two commits: whoever tries a second has seen the first decided.
        try harness.advance(by: .seconds(2))
        try harness.send(Event.make(40, seed: 2))
        try harness.advance(by: .seconds(2))
        harness.driver.log.forgetOffsets(of: "running.events")
        try harness.crashAndRestore()
        let error = #expect(throws: DataflowError.self) { try harness.finish() }
        #expect(error?.message.contains("begin afresh") ?? false, "\(String(describing: error))")
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
