import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Sinks
import Sources
import Testing
import Transforms

/// Bounds of state and of commits, and what becomes of a task that has reached one.
@Suite("Bounds of a run")
struct StateBoundTests {
    private static func forgetful(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        events.accepted
            .assignTimestamps(
                "time", .boundedOutOfOrder(.seconds(2), idleAfter: .seconds(5)), \.happenedAt
            )
            .keyBy("by-user", \.user)
            .process("sum", ProcessOptions(timeToLive: .seconds(20))) { RunningSum() }
            .sink("totals", to: KafkaSink("totals"))
    }

    private static func users(_ range: Range<Int64>, at milliseconds: Int64) -> [Event] {
        range.map { Event(user: $0, kind: 0, amount: 1, at: milliseconds) }
    }

    private static func harness(
        _ define: @escaping (GraphBuilder) -> Void,
        _ configure: (inout SimulationOptions) -> Void
    ) throws -> PipelineHarness {
        var options = SimulationOptions()
        options.partitions = 1
        configure(&options)
        return try PipelineHarness("bounds", options, define: define)
    }

    @Test("a task over its bound is told of at once, and reads on when its keys have come of age")
    func shrinks() throws {
        let harness = try Self.harness(Self.forgetful) { $0.worker.maximumStateKeys = 10 }
        try harness.send(Self.users(0..<30, at: 1_000))
        try harness.advance(by: .seconds(2))
        let obstacle = try #require(harness.driver.obstacles.first)
        #expect(obstacle.error.message.contains("30 keys, its bound is 10"), "\(obstacle.error)")
        #expect(harness.driver.reports.count { $0.code == .limitExceeded } == 1)
        try harness.send(Self.users(100..<101, at: 40_000))
        try harness.advance(by: .seconds(5))
        #expect(try harness.records(of: "totals", as: Total.self).count == 30)
        // Nothing comes in; the clock makes the keys too old, and nobody but a commit sees it.
        try harness.advance(by: .seconds(60))
        #expect(harness.driver.obstacles.isEmpty)
        #expect(try harness.records(of: "totals", as: Total.self).count == 31)
    }

    @Test(
        "what all tasks of a process keep together is bounded, too; room that others make is used")
    func budget() throws {
        let budget = StateBudget(maximumBytes: 1_500)
        let harness = try Self.harness(TestPipelines.running) { $0.budget = budget }
        try harness.send(Self.users(0..<5, at: 1_000))
        try harness.advance(by: .seconds(2))
        #expect(harness.driver.obstacles.isEmpty)
        #expect(budget.bytes > 0)
        let own = budget.bytes
        do {
            let other = try Self.harness(TestPipelines.running) { $0.budget = budget }
            try other.send(Self.users(0..<200, at: 1_000))
            try other.advance(by: .seconds(2))
            #expect(budget.bytes > 1_500)
            let full = try #require(other.driver.obstacles.first)
            #expect(full.error.message.contains("all tasks of this process keep"))
            try harness.send(Self.users(5..<6, at: 2_000))
            try harness.advance(by: .seconds(2))
            #expect(!harness.driver.obstacles.isEmpty)
            try harness.send(Self.users(6..<7, at: 3_000))
            try harness.advance(by: .seconds(2))
            #expect(try harness.records(of: "totals", as: Total.self).count == 6)
            withExtendedLifetime(other) {}
        }
        // The other pipeline has ended, and with it its state.
        #expect(budget.bytes < 2 * own)
        try harness.advance(by: .seconds(3))
        #expect(harness.driver.obstacles.isEmpty)
        #expect(try harness.records(of: "totals", as: Total.self).count == 7)
    }

    @Test("state for which there is no room is not restored, and tried again later")
    func restoreWithoutRoom() throws {
        let budget = StateBudget(maximumBytes: 1_500)
        let harness = try Self.harness(TestPipelines.running) { $0.budget = budget }
        try harness.send(Self.users(0..<5, at: 1_000))
        try harness.advance(by: .seconds(2))
        do {
            let other = try Self.harness(TestPipelines.running) { $0.budget = budget }
            try other.send(Self.users(0..<200, at: 1_000))
            try other.advance(by: .seconds(2))
            #expect(budget.bytes > 3_000)
            try harness.crashAndRestore()
            try harness.send(Self.users(5..<6, at: 2_000))
            try harness.advance(by: .seconds(5))
            let obstacle = try #require(harness.driver.obstacles.first)
            #expect(obstacle.partition == TopicPartition(topic: "events", partition: 0))
            #expect(obstacle.error.message.contains("all tasks of this process keep"))
            withExtendedLifetime(other) {}
        }
        try harness.advance(by: .seconds(70))
        #expect(harness.driver.obstacles.isEmpty)
        let totals = try harness.records(of: "totals", as: Total.self)
        #expect(totals.count == 6 && totals.allSatisfy { $0.count == 1 })
    }

    @Test("an operator's own bound, met in a batch, is tried again")
    func retriedBlock() throws {
        let harness = try Self.harness(TestPipelines.bounded(ProcessOptions(maximumKeys: 3))) { _ in
        }
        try harness.send(Self.users(0..<5, at: 1_000))
        try harness.advance(by: .seconds(200))
        let obstacle = try #require(harness.driver.obstacles.first)
        #expect(obstacle.error.operatorID?.rawValue == "sum")
        // After one minute, two, four, and so on.
        func told() -> Int { harness.driver.reports.count { $0.code == .limitExceeded } }
        #expect(told() == 3)
        try harness.advance(by: .seconds(3_600))
        #expect((6...7).contains(told()), "\(told())")
    }

    /// Sums by user, three users a task at most, and users of the first partition and of the second.
    private static func narrow(
        _ delivery: Delivery
    ) throws -> (harness: PipelineHarness, full: [Int64], free: [Int64]) {
        let harness = try harness(TestPipelines.bounded(ProcessOptions(maximumKeys: 3))) {
            $0.partitions = 2
            $0.worker.delivery = delivery
            $0.worker.commitIntervalMilliseconds = 5_000
        }
        let parts = Dictionary(grouping: 0..<100 as Range<Int64>) { user in
            user.encoded.withUnsafeBytes { Murmur2.partition($0, of: 2) }
        }
        // Between two commits.
        try harness.advance(by: .seconds(12))
        return (harness, try #require(parts[0]), try #require(parts[1]))
    }

    private static func event(_ user: Int64) -> Event {
        Event(user: user, kind: 0, amount: 1, at: 1_000)
    }

    @Test("a task that meets its operator's bound costs those nothing that share no transaction")
    func blockedAlone() throws {
        let (harness, full, free) = try Self.narrow(.atLeastOnce)
        try harness.send([Self.event(free[0])])
        try harness.settle()
        // What the neighbour has done and not committed is not done again.
        try harness.send(full.prefix(5).map(Self.event))
        try harness.advance(by: .seconds(20))
        #expect(!harness.driver.obstacles.isEmpty)
        let totals = try harness.records(of: "totals", as: Total.self)
        #expect(totals.filter { $0.kind == free[0] }.map(\.count) == [1])
    }

    @Test("of a shared transaction those tasks begin anew that have a part in it, and no others")
    func blockedWithParties() throws {
        let (harness, full, free) = try Self.narrow(.exactlyOnce)
        try harness.send([Self.event(free[0])])
        try harness.advance(by: .seconds(10))
        func claims() -> Int { harness.driver.reached[.claimed] ?? 0 }
        func told() -> Int { harness.driver.reports.count { $0.code == .limitExceeded } }
        let before = claims()
        try harness.send(full.prefix(5).map(Self.event))
        try harness.advance(by: .seconds(100))
        #expect(told() == 2 && claims() == before + 1, "\(told()), \(claims() - before)")
        // One that has written into it goes back, and loses nothing.
        try harness.send([Self.event(free[1])])
        try harness.advance(by: .seconds(200))
        let totals = try harness.records(of: "totals", as: Total.self)
        let shown = totals.filter { free.contains($0.kind) }.map { [$0.kind, $0.count] }
        #expect(Set(shown) == [[free[0], 1], [free[1], 1]] && shown.count == 2)
    }

    @Test("a task without state needs no room for it")
    func noStateNoRoom() throws {
        let budget = StateBudget(maximumBytes: 1_500)
        let other = try Self.harness(TestPipelines.running) { $0.budget = budget }
        try other.send(Self.users(0..<200, at: 1_000))
        try other.advance(by: .seconds(2))
        #expect(budget.bytes > 3_000)
        let harness = try Self.harness({ graph in
            let events = graph.source("events", from: KafkaSource<Event>("events"))
            events.rejected.sink("rejects", to: DeadLetters())
            events.accepted.sink("copies", to: KafkaSink("copies"))
        }) { $0.budget = budget }
        try harness.send(Self.users(0..<5, at: 1_000))
        try harness.advance(by: .seconds(5))
        #expect(harness.driver.obstacles.isEmpty)
        #expect(try harness.records(of: "copies", as: Event.self).count == 5)
        withExtendedLifetime(other) {}
    }

    @Test("an outage that its last task has left is over")
    func outageOfGoneTask() throws {
        let worker = try SingleWorker.make("bounds", define: TestPipelines.running)
        let partition = TopicPartition(topic: "events", partition: 0)
        var now = EventTime(milliseconds: 0)
        var commands = worker.step(now: now, .assigned([partition]))
        let down = DataflowError(
            .databaseUnavailable, domain: .external, retry: .backoff, "it is down")
        for _ in 0..<200 where worker.obstacles.isEmpty {
            if let claim = commands.first(where: { $0.name == "claim" }) {
                commands = worker.step(now: now, .failed(claim, down))
            } else {
                now = now.advanced(byMilliseconds: 1_000)
                commands = worker.step(now: now, .timer)
            }
        }
        #expect(worker.obstacles.count == 1)
        _ = worker.step(now: now, .revoked([partition]))
        #expect(
            worker.obstacles.isEmpty, "nobody tries any more, so nobody can tell that it is over")
    }

    // MARK: Commits

    @Test("a definition says how often is committed, by time and by records; a flag goes before it")
    func policy() throws {
        let define: (GraphBuilder) -> Void = { graph in
            graph.policy = RunPolicy(commitMilliseconds: 9_000, commitRecords: 10)
            TestPipelines.running(graph)
        }
        let harness = try Self.harness(define) { _ in }
        try harness.advance(by: .seconds(1))
        let before = harness.driver.commits(of: "events")
        try harness.send(Event.make(100, seed: 1))
        try harness.advance(by: .seconds(2))
        // Four records a batch: the third completes ten.
        #expect((7...10).contains(harness.driver.commits(of: "events") - before))
        try harness.send(Event.make(5, seed: 2))
        try harness.advance(by: .seconds(2))
        #expect(try harness.records(of: "totals", as: Total.self).count < 105)
        try harness.advance(by: .seconds(10))
        #expect(try harness.records(of: "totals", as: Total.self).count == 105)

        let flags = RunPolicy(commitRecords: 7)
        let both = flags.over(RunPolicy(commitMilliseconds: 20, commitRecords: 10))
        #expect(both == RunPolicy(commitMilliseconds: 20, commitRecords: 7))
        var options = WorkerOptions()
        options.apply(both)
        #expect(options.maximumRecordsPerCommit == 7 && options.commitIntervalMilliseconds == 20)
        #expect(options.maximumStateBytes == WorkerOptions().maximumStateBytes)
    }

    @Test("a policy that can't be is a fault of the definition")
    func policyFaults() {
        let builder = GraphBuilder(pipeline: "p")
        TestPipelines.running(builder)
        builder.policy = RunPolicy(
            commitMilliseconds: 5, commitRecords: 0, maximumStateBytes: -1, maximumStateKeys: 0)
        let faults = #expect(throws: GraphFaults.self) { try builder.graph() }
        #expect(faults?.faults.count == 4)
        #expect(faults?.faults.first?.message.contains("every 5 ms") ?? false)
    }
}
