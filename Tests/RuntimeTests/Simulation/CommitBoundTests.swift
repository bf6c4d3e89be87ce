import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Sinks
import Sources
import Testing
import Transforms

/// Meets its bound when a commit begins, as an operator does that holds records back until then.
private struct FullAtFlush: StreamOperator {
    typealias In = Event
    typealias Out = Event
    static let bound = 3
    let id: OperatorID
    let context: TaskContext
    private var count = 0

    init(_ id: OperatorID, _ context: TaskContext) {
        self.id = id
        self.context = context
    }

    mutating func receive<S: Sink & ~Copyable>(
        _ value: Event, at time: EventTime, into next: inout S
    ) where S.In == Event {
        count += 1
        next.receive(value, at: time)
    }

    mutating func flush<S: Sink & ~Copyable>(into next: inout S) where S.In == Event {
        if count > FullAtFlush.bound {
            context.fail(
                DataflowError(
                    .limitExceeded, domain: .user, "the operator is full", operatorID: id))
        }
        count = 0
        next.flush()
    }
}

/// Bounds that are met by a commit, and between two of them.
@Suite("Bounds that commits meet, and state between them")
struct CommitBoundTests {
    private static func full(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        events.accepted
            .apply(
                "full", kind: "full", keepsPartitioning: true,
                at: Dataflow.SourceLocation(#fileID, #line)
            ) { FullAtFlush($0, $1) }
            .sink("copies", to: KafkaSink("copies"))
    }

    private static func event(_ user: Int64) -> Event {
        Event(user: user, kind: 0, amount: 1, at: 1_000)
    }

    @Test(
        "a bound that is met when a commit begins blocks its task, and the others go on",
        arguments: Delivery.allCases)
    func flush(delivery: Delivery) throws {
        var options = SimulationOptions()
        options.batchLimit = 64
        options.worker.delivery = delivery
        let harness = try PipelineHarness("bounds", options, define: Self.full)
        let parts = Dictionary(grouping: 0..<100 as Range<Int64>) { user in
            user.encoded.withUnsafeBytes { Murmur2.partition($0, of: 2) }
        }
        let (full, free) = (try #require(parts[0]), try #require(parts[1]))
        try harness.send((full.prefix(5) + free.prefix(1)).map(Self.event))
        try harness.advance(by: .seconds(3))
        let obstacle = try #require(harness.driver.obstacles.first)
        #expect(obstacle.partition == TopicPartition(topic: "events", partition: 0))
        #expect(obstacle.error.operatorID?.rawValue == "full")
        for user in free[1..<4] {
            try harness.send([Self.event(user)])
            try harness.advance(by: .seconds(3))
        }
        // Tried again, with the same end.
        try harness.advance(by: .seconds(70))
        #expect(harness.driver.obstacles.map(\.partition) == [obstacle.partition])
        let copies = try harness.records(of: "copies", as: Event.self).map(\.user)
        let shown = copies.filter { free.contains($0) }
        #expect(Set(shown) == Set(free.prefix(4)))
        if delivery != .atLeastOnce {
            #expect(shown.count == 4 && copies.count == 4)
        }
        // Of a run that is to end nobody could say that it has.
        let error = #expect(throws: DataflowError.self) { try harness.finish() }
        #expect(error?.message.contains("the operator is full") ?? false)
    }

    /// A run that commits once in a long time.
    private static func rare(
        _ configure: (inout WorkerOptions) -> Void
    ) throws -> PipelineHarness {
        var options = SimulationOptions()
        options.partitions = 1
        options.worker.commitIntervalMilliseconds = 80_000_000
        options.worker.transactionTimeoutMilliseconds = 200_000_000
        configure(&options.worker)
        let harness = try PipelineHarness("bounds", options, define: TestPipelines.running)
        // The first commit comes at once.
        try harness.advance(by: .seconds(2))
        return harness
    }

    @Test("state is looked at between commits, and does not outgrow its bound in a long interval")
    func glances() throws {
        for bytes in [false, true] {
            let harness = try Self.rare {
                $0.recordsPerGlance = 20
                if bytes { $0.maximumStateBytes = 2_000 } else { $0.maximumStateKeys = 100 }
            }
            try harness.send((0..<2_000).map(Self.event))
            try harness.advance(by: .seconds(30))
            let obstacle = try #require(harness.driver.obstacles.first)
            #expect(obstacle.error.message.contains(bytes ? "bound is 2000" : "bound is 100"))
            let size = try #require(harness.driver.stateSizes.first { $0.key.rawValue == "sum" })
                .value
            if bytes {
                #expect((2_000...3_500).contains(size.bytes), "\(size)")
            } else {
                #expect((100...130).contains(size.keys), "\(size)")
            }
            // One to know what a key weighs, one that weighs all.
            #expect(harness.driver.commits(of: "events") <= 4)
        }
    }

    @Test("a look at the state saves nothing: what has changed is in the next checkpoint")
    func looksOnly() throws {
        let harness = try Self.rare {
            $0.recordsPerGlance = 1
            $0.commitIntervalMilliseconds = 20_000
        }
        for round in 0..<3 as Range<Int64> {
            try harness.send((0..<10).map(Self.event))
            try harness.advance(by: .seconds(1))
            if round == 1 {
                // A commit of what was only looked at before.
                try harness.advance(by: .seconds(22))
                try harness.crashAndRestore()
                try harness.advance(by: .seconds(2))
            }
        }
        try harness.finish()
        let totals = try harness.records(of: "totals", as: Total.self)
        let counts = Dictionary(grouping: totals, by: \.kind).mapValues { $0.map(\.count) }
        #expect(counts.count == 10 && counts.allSatisfy { $0.value == [1, 2, 3] }, "\(counts)")
    }

    @Test("a commit begins early after so many bytes, too")
    func bytesPerCommit() throws {
        let harness = try Self.rare { $0.maximumBytesPerCommit = 1_000 }
        let before = harness.driver.commits(of: "events")
        try harness.send((0..<1_000).map(Self.event))
        try harness.advance(by: .seconds(20))
        #expect(harness.driver.commits(of: "events") - before >= 5)
    }
}
