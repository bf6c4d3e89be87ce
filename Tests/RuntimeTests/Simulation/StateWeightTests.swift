import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Sinks
import Sources
import State
import Testing
import Transforms

/// What a task's state is taken to weigh, when it can't be seen in the last commit.
@Suite("The weight of state")
struct StateWeightTests {
    private static func harness(
        _ define: @escaping (GraphBuilder) -> Void,
        _ configure: (inout SimulationOptions) -> Void
    ) throws -> PipelineHarness {
        var options = SimulationOptions()
        options.partitions = 1
        options.batchLimit = 64
        configure(&options)
        return try PipelineHarness("weight", options, define: define)
    }

    @Test("keys that go at once don't make those heavier that stay")
    func removed() throws {
        let harness = try Self.harness({ graph in
            let events = graph.source("events", from: KafkaSource<Event>("events"))
            events.rejected.sink("rejects", to: DeadLetters())
            events.accepted
                .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
                .keyBy("by-user", \.user)
                .process("sum", ProcessOptions(timeToLive: .seconds(20))) { RunningSum() }
                .sink("totals", to: KafkaSink("totals"))
        }) {
            $0.worker.maximumStateBytes = 400_000
            $0.worker.commitIntervalMilliseconds = 5_000
        }
        try harness.send((0..<3_000).map { Event(user: $0, kind: 0, amount: 1, at: 1_000) })
        try harness.send((5_000..<5_200).map { Event(user: $0, kind: 0, amount: 1, at: 19_000) })
        try harness.advance(by: .seconds(12))
        let before = harness.driver.stateSizes.values.reduce(0) { $0 + $1.bytes }
        // The first 3,000 are too old now, and one key is written beside.
        try harness.send([Event(user: 9_000, kind: 0, amount: 1, at: 30_000)])
        try harness.advance(by: .seconds(12))
        let sizes = harness.driver.stateSizes
        #expect(sizes.values.reduce(0) { $0 + $1.keys } == 201)
        #expect(sizes.values.reduce(0) { $0 + $1.bytes } < before / 5, "\(sizes), \(before) before")
        #expect(harness.driver.reports.allSatisfy { $0.code != .limitExceeded })
    }
}
