import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Sinks
import Sources
import Testing
import Transforms

/// Tasks that write more in one step than a client takes at once.
@Suite("Output in pieces")
struct LargeOutputTests {
    private static func windows(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        let windows = events.accepted
            .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
            .keyBy("by-user", \.user)
            .window(.tumbling(.seconds(10)))
        windows.late.sink("late", to: DeadLetters())
        windows.aggregate("total", Tally.self).map("row") { Total($0) }
            .sink("totals", to: KafkaSink("totals"))
    }

    private static func harness(
        _ delivery: Delivery, _ configure: (inout WorkerOptions) -> Void = { _ in }
    ) throws -> PipelineHarness {
        var options = PipelineTests.options()
        options.partitions = 1
        options.batchLimit = 1_024
        options.worker.delivery = delivery
        configure(&options.worker)
        return try PipelineHarness("large", options, define: windows)
    }

    /// How often each key was published.
    private static func published(_ harness: PipelineHarness) throws -> [Int64: Int] {
        try harness.records(of: "totals", as: Total.self).reduce(into: [:]) {
            $0[$1.kind, default: 0] += 1
        }
    }

    /// Kills all workers behind the given number of further writes.
    private static func crash(_ harness: PipelineHarness, behind writes: Int) throws {
        let goal = harness.driver.reached[.produced, default: 0] + writes
        while harness.driver.reached[.produced, default: 0] < goal {
            if !(try harness.driver.step()) { harness.driver.clock.advance(byMilliseconds: 100) }
        }
        try harness.crashAndRestore()
    }

    @Test("300,000 keys of a window that closes are written in pieces, exactly once across a crash")
    func window() throws {
        let keys = 300_000 as Int64
        let harness = try Self.harness(.exactlyOnce)
        try harness.send((0..<keys).map { Event(user: $0, kind: 0, amount: 1, at: 1_000) })
        try harness.advance(by: .seconds(2))
        #expect(try Self.published(harness).isEmpty)
        // Closes the window.
        try harness.send([Event(user: 0, kind: 0, amount: 1, at: 50_000)])
        try Self.crash(harness, behind: 3)
        try harness.finish()
        #expect(harness.driver.reached[.produced, default: 0] >= 9)
        let published = try Self.published(harness)
        #expect(published.count == Int(keys))
        #expect(published.allSatisfy { $0.value == ($0.key == 0 ? 2 : 1) })
    }

    @Test(
        "wherever between two pieces a worker dies, what is promised holds",
        arguments: Delivery.allCases)
    func pieces(delivery: Delivery) throws {
        let keys = 60 as Int64
        for writes in 1...7 {
            let harness = try Self.harness(delivery) { $0.maximumRecordsPerWrite = 8 }
            try harness.send((0..<keys).map { Event(user: $0, kind: 0, amount: 1, at: 1_000) })
            try harness.advance(by: .seconds(2))
            try harness.send([Event(user: 0, kind: 0, amount: 1, at: 50_000)])
            try Self.crash(harness, behind: writes)
            try harness.finish()
            let published = try Self.published(harness)
            switch delivery {
            case .exactlyOnce:
                #expect(published.count == Int(keys), "\(writes) writes")
                #expect(published.allSatisfy { $0.value == ($0.key == 0 ? 2 : 1) })
            case .atLeastOnce: #expect(published.count == Int(keys), "\(writes) writes")
            case .atMostOnce:
                #expect(published.allSatisfy { $0.value <= ($0.key == 0 ? 2 : 1) })
            }
        }
    }

    @Test("a push whose output is cut is answered once, with the first failure of any piece")
    func push() throws {
        var options = WorkerOptions()
        options.maximumRecordsPerWrite = 3
        let worker = try SingleWorker.makeDoor(options)
        let now = EventTime(milliseconds: 0)
        let failure = DataflowError(.logUnavailable, domain: .external, "lost")
        for fate in [nil, failure] {
            let push = PushSource<Event>.Push(
                records: Event.make(10, seed: 1).map { ($0, $0.happenedAt) })
            let commands = worker.step(now: now, .pushed(ticket: 5, values: push))
            var sizes: [Int] = []
            for case .produce(let piece, let ticket) in commands {
                #expect(ticket == 5)
                sizes.append(piece.entries.count)
            }
            #expect(sizes == [3, 3, 3, 1])
            var answers: [DataflowError?] = []
            for error in [nil, fate, nil, nil] {
                for case .answer(5, let error) in worker.step(
                    now: now, .delivered(ticket: 5, error))
                {
                    answers.append(error)
                }
            }
            #expect(answers.count == 1 && answers[0]?.code == fate?.code)
        }
    }
}
