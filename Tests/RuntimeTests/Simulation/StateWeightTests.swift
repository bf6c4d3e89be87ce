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

/// Keeps 50,000 bytes a key.
private struct Hoard: ProcessFunction {
    static let bytes = 50_000

    struct State: BinaryCodable {
        var kept = [UInt8](repeating: 7, count: Hoard.bytes)

        init() {}

        init(from reader: inout ByteReader) throws(CodecError) {
            kept = Array(try reader.raw(Hoard.bytes))
        }

        func encode(into writer: inout ByteWriter) { writer.raw(kept) }
    }

    func initialState(of key: Int64) -> State { State() }

    mutating func process(
        _ event: Event, at time: EventTime, key: Int64, state: inout State,
        context: inout ProcessContext<Total>
    ) {
        context.emit(Total(kind: key, start: 0, count: 1, sum: event.amount), at: time)
    }
}

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

    private static func hoard(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        events.accepted
            .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
            .filter("kept") { $0.kind == 0 }
            .keyBy("by-user", \.user)
            .process("hoard") { Hoard() }
            .sink("totals", to: KafkaSink("totals"))
    }

    private static func blobs(_ harness: PipelineHarness) throws -> [String: Int] {
        let store = harness.driver.store
        return try store.list(prefix: "").reduce(into: [:]) { sizes, name in
            sizes[name] = try store.read(name)?.count
        }
    }

    @Test(
        "restored state of which nothing is written keeps its weight, and is not written as a whole"
    )
    func restored() throws {
        let budget = StateBudget(maximumBytes: 40 << 20)
        let harness = try Self.harness(Self.hoard) { $0.budget = budget }
        let keys = 200
        let all = keys * Hoard.bytes
        try harness.send(
            (0..<Int64(keys)).map { Event(user: $0, kind: 0, amount: 1, at: 1_000) })
        try harness.advance(by: .seconds(2))
        #expect(budget.bytes >= all)
        try harness.crashAndRestore()
        try harness.advance(by: .seconds(2))
        var known = Set(try Self.blobs(harness).keys)
        for number in 0..<6 as Range<Int64> {
            // Moves offsets and event time; no key is written.
            try harness.send([Event(user: 1, kind: 1, amount: 1, at: 2_000 + number)])
            try harness.advance(by: .seconds(2))
            let blobs = try Self.blobs(harness)
            let new = blobs.filter { !known.contains($0.key) }
            #expect(!new.isEmpty && new.values.allSatisfy { $0 < Hoard.bytes }, "\(new.values)")
            known = Set(blobs.keys)
            #expect(budget.bytes >= all, "commit \(number)")
        }
        #expect(harness.driver.obstacles.isEmpty)
        // A key that is written tells what the others weigh.
        try harness.send([Event(user: 1, kind: 0, amount: 1, at: 3_000)])
        try harness.advance(by: .seconds(2))
        #expect(budget.bytes >= all && budget.bytes < all + all / 10)
    }

    @Test("a chain that outweighs its state keeps nobody from reading")
    func estimated() throws {
        // The chain holds everything twice.
        let budget = StateBudget(maximumBytes: 60 * Hoard.bytes)
        let harness = try Self.harness(Self.hoard) { $0.budget = budget }
        for time in [1_000, 2_000] as [Int64] {
            try harness.send((0..<40).map { Event(user: $0, kind: 0, amount: 1, at: time) })
            try harness.advance(by: .seconds(2))
        }
        try harness.crashAndRestore()
        try harness.send([Event(user: 1, kind: 1, amount: 1, at: 3_000)])
        try harness.advance(by: .seconds(2))
        #expect(budget.bytes >= 80 * Hoard.bytes)
        #expect(harness.driver.obstacles.isEmpty)
    }

    @Test("keys that go at once don't make those heavier that stay")
    func removed() throws {
        let harness = try Self.harness(
            TestPipelines.bounded(ProcessOptions(timeToLive: .seconds(20)))
        ) {
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
