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

@Suite("What goes wrong and passes")
struct TroubleTests {
    private static func harness(
        _ pipeline: String, _ define: @escaping (GraphBuilder) -> Void,
        _ configure: (inout SimulationOptions) -> Void = { _ in }
    ) throws -> PipelineHarness {
        var options = PipelineTests.options()
        configure(&options)
        return try PipelineHarness(pipeline, options, define: define)
    }

    private static func partition(_ topic: String, _ number: Int32) -> TopicPartition {
        TopicPartition(topic: topic, partition: number)
    }

    // MARK: Outages

    @Test(
        "while a sink is down nothing is read, for hours if need be; then it goes on and nothing is lost",
        arguments: Delivery.allCases.filter { $0 != .atMostOnce }, ["log", "database"])
    func outage(delivery: Delivery, sink: String) throws {
        let events = Event.make(200, seed: 11)
        let harness = try Self.harness("seams", TestPipelines.seams) {
            $0.worker.delivery = delivery
        }
        try harness.send(Array(events[..<50]))
        try harness.advance(by: .seconds(3))
        harness.driver.database.isDown = sink == "database"
        harness.driver.log.isFull = sink == "log"
        try harness.send(Array(events[50..<100]))
        // A client that has no room is waited for half a minute before that counts as a failure.
        try harness.advance(by: .seconds(sink == "log" ? 300 : 30))
        let obstacles = harness.driver.obstacles
        #expect(!obstacles.isEmpty && obstacles.allSatisfy { $0.partition == nil })
        try harness.send(Array(events[100...]))
        for _ in 0..<4 { try harness.driver.advance(byMilliseconds: 3_600_000, stride: 20_000) }
        #expect(!harness.driver.obstacles.isEmpty)
        let told = harness.driver.reports.filter { $0.message.contains("nothing is read until") }
        #expect((1...20).contains(told.count), "\(told.count)")
        harness.driver.database.isDown = false
        harness.driver.log.isFull = false
        try harness.advance(by: .seconds(30))
        #expect(harness.driver.obstacles.isEmpty)
        try harness.finish()
        let oracle = ReferenceInterpreter(events: events)
        #expect(harness.latest() == oracle.latest)
        if delivery == .exactlyOnce {
            #expect(differences(harness.tableTotals(), from: oracle.seamTotals).isEmpty)
            #expect(try harness.records(of: "copies", as: Event.self).count == events.count)
        }
    }

    @Test("a worker whose database is down gives its partitions back at once")
    func leavesDuringOutage() throws {
        let events = Event.make(60, seed: 12)
        let harness = try Self.harness("sums", TestPipelines.sums)
        try harness.send(Array(events[..<30]))
        harness.driver.database.isDown = true
        try harness.advance(by: .seconds(30))
        let batches = harness.driver.batches
        try harness.send(Array(events[30..<40]))
        try harness.advance(by: .seconds(600))
        #expect(harness.driver.batches == batches, "it reads although nothing is taken")
        let stage = try #require(harness.driver.plan.stages.first)
        try harness.driver.startWorker(stage)
        try harness.advance(by: .seconds(5))
        let owned = harness.driver.partitionsByWorker
        #expect(owned == [1, 1], "\(owned)")
        harness.driver.database.isDown = false
        try harness.send(Array(events[40...]))
        try harness.finish()
        #expect(
            differences(
                harness.tableTotals(), from: ReferenceInterpreter(events: events).userSums
            ).isEmpty)
    }

    @Test(
        "a commit that was to be the last, begun before the outage is known of, is not waited for either",
        arguments: [true, false])
    func lastCommitBeforeOutage(stops: Bool) throws {
        let events = Event.make(60, seed: 19)
        let harness = try Self.harness("sums", TestPipelines.sums) {
            // Nothing but the stop or the revocation begins a commit.
            $0.worker.commitIntervalMilliseconds = 600_000
        }
        try harness.advance(by: .seconds(1))
        try harness.send(Array(events[..<30]))
        try harness.settle()
        harness.driver.database.isDown = true
        #expect(harness.driver.obstacles.isEmpty)
        let stage = try #require(harness.driver.plan.stages.first)
        if stops {
            harness.driver.stopWorkers()
            try harness.advance(by: .seconds(30))
            #expect(harness.driver.partitionsByWorker == [], "it waits for its last commit")
            harness.driver.database.isDown = false
        }
        try harness.driver.startWorker(stage)
        try harness.advance(by: .seconds(30))
        let owned = harness.driver.partitionsByWorker
        #expect(owned == (stops ? [2] : [1, 1]), "\(owned)")
        harness.driver.database.isDown = false
        try harness.send(Array(events[30...]))
        try harness.finish()
        let sums = ReferenceInterpreter(events: events).userSums
        #expect(differences(harness.tableTotals(), from: sums).isEmpty)
    }

    @Test(
        "a task that can't be built, as nobody says how many partitions its outputs have, is built later",
        arguments: 0..<20 as Range<UInt64>)
    func questionsWithoutAnswer(seed: UInt64) throws {
        let events = Event.make(80, seed: 20)
        let faults = FaultPlan(seed: seed, budgets: [.questionRefused: 12])
        let harness = try Self.harness("windows", TestPipelines.windows()) { $0.faults = faults }
        try harness.send(events)
        try harness.advance(by: .seconds(20))
        try harness.crashAndRestore()
        try harness.finish()
        #expect(faults.counts[.questionRefused] ?? 0 > 0)
        #expect(harness.tableTotals() == ReferenceInterpreter(events: events).windowTotals)
    }

    // MARK: Poison

    @Test(
        "a record of an own topic that can't be decoded goes to the dead letters after three tries",
        arguments: ["windows.by-kind.repartition", "totals"])
    func poison(topic: String) throws {
        let events = Event.make(120, seed: 13)
        let harness = try Self.harness("windows", TestPipelines.windows())
        try harness.send(Array(events[..<60]))
        try harness.advance(by: .seconds(2))
        try harness.send(
            SimulatedLog.Record(
                timestamp: EventTime(milliseconds: 7), key: [1], value: [0, 1, 2]),
            to: topic, partition: 1)
        try harness.advance(by: .seconds(2))
        try harness.send(Array(events[60...]))
        try harness.finish()
        let oracle = ReferenceInterpreter(events: events).windowTotals
        #expect(harness.tableTotals() == oracle)
        let told = harness.driver.reports.filter { $0.code == .undecodable }
        #expect(told.map { $0.message.contains("read again") } == [true, true, false])
        if topic == "totals" {
            // That stage commits to the database, and so do its dead letters.
            let rows = harness.rows(of: "millrace.dead_letters")
            #expect(rows.count == 1 && rows.first?.last == .bytes([0, 1, 2]))
        } else {
            let letters = harness.driver.log.records(of: "windows.dead-letters")
            #expect(letters.map(\.value) == [[0, 1, 2]])
            #expect(
                letters.first?.headers.contains(RecordHeader("millrace.topic", topic)) ?? false)
        }
    }

    @Test("many damaged records cost three tries together, not each")
    func manyPoisoned() throws {
        let events = Event.make(40, seed: 14)
        let harness = try Self.harness("windows", TestPipelines.windows())
        try harness.send(events)
        try harness.advance(by: .seconds(2))
        for number in 0..<50 as Range<UInt8> {
            try harness.send(
                SimulatedLog.Record(
                    timestamp: EventTime(milliseconds: 7), key: [1], value: [9, number]),
                to: "windows.by-kind.repartition", partition: 0)
        }
        try harness.finish()
        #expect(harness.driver.log.records(of: "windows.dead-letters").count == 50)
        #expect(harness.driver.reports.count { $0.code == .undecodable } <= 6)
        #expect(
            harness.tableTotals() == ReferenceInterpreter(events: events).windowTotals)
    }

    // MARK: Gaps

    private static func pipeline(_ gap: KafkaSource<Event>.Gap) -> (GraphBuilder) -> Void {
        { graph in
            let events = graph.source("events", from: KafkaSource<Event>("events", onGap: gap))
            events.rejected.sink("rejects", to: DeadLetters())
            events.accepted.sink("copies", to: KafkaSink("copies"))
        }
    }

    @Test("records that retention took are named, and skipped only if the pipeline says so")
    func gaps() throws {
        let events = Event.make(60, seed: 15, users: 1)
        for gap in [KafkaSource<Event>.Gap.fail, .skip] {
            let harness = try Self.harness("gaps", Self.pipeline(gap))
            try harness.send(Array(events[..<20]))
            try harness.advance(by: .seconds(2))
            try harness.crashAndRestore()
            try harness.send(Array(events[20...]))
            let place = try #require(
                [0, 1].map { Self.partition("events", $0) }.first {
                    !harness.driver.log.records($0).isEmpty
                })
            // Twenty are read and gone, and ten of those that are not read.
            harness.driver.log.deleteRecords(of: place, below: Offset(30))
            if gap == .fail {
                let error = #expect(throws: DataflowError.self) {
                    try harness.advance(by: .seconds(2))
                }
                #expect(
                    error?.message.contains("10 offsets from 20 on are gone") ?? false,
                    "\(String(describing: error))")
            } else {
                try harness.advance(by: .seconds(2))
                try harness.finish()
                #expect(try harness.records(of: "copies", as: Event.self).count == 50)
                let told = harness.driver.reports.filter { $0.code == .offsetOutOfRange }
                #expect(told.first?.message.contains("10 offsets are gone") ?? false)
            }
        }
    }

    // MARK: Bounds

    @Test("a partition whose state has reached its bound is read no more; the others go on")
    func stateBound() throws {
        let harness = try Self.harness("running", TestPipelines.running) {
            $0.worker.maximumStateBytes = 900
        }
        // All users of one partition, then more and more of them.
        let users = (0..<400 as Range<Int64>).filter { user in
            user.encoded.withUnsafeBytes { Murmur2.partition($0, of: 2) } == 0
        }
        let other = try #require((0..<50 as Range<Int64>).first { !users.contains($0) })
        func send(_ users: some Sequence<Int64>) throws {
            try harness.send(users.map { Event(user: $0, kind: 0, amount: 1, at: 1_000) })
            try harness.advance(by: .seconds(2))
        }
        for start in stride(from: 0, to: 100, by: 10) { try send(users[start..<start + 10]) }
        let obstacle = try #require(harness.driver.obstacles.first)
        #expect(obstacle.partition == Self.partition("events", 0))
        #expect(obstacle.error.message.contains("its bound is 900"))
        #expect(obstacle.error.message.contains("kept by sum"))
        #expect(harness.driver.obstacles.count == 1)
        let before = try harness.records(of: "totals", as: Total.self).count
        try send(users[100..<110])
        #expect(try harness.records(of: "totals", as: Total.self).count == before)
        try send([other])
        #expect(try harness.records(of: "totals", as: Total.self).count == before + 1)
        // A run that is to end can't: it says why.
        let error = #expect(throws: DataflowError.self) { try harness.finish() }
        #expect(error?.message.contains("its bound is 900") ?? false)
    }

    @Test("keys are counted and bounded, too")
    func keyBound() throws {
        let harness = try Self.harness("running", TestPipelines.running) {
            $0.worker.maximumStateKeys = 10
        }
        try harness.send(Event.make(200, seed: 3, users: 60))
        try harness.advance(by: .seconds(3))
        let error = try #require(harness.driver.obstacles.first?.error)
        #expect(error.message.contains("keys, its bound is 10"), "\(error)")
        let sizes = harness.driver.stateSizes
        #expect(sizes.values.reduce(0) { $0 + $1.keys } > 20, "\(sizes)")
        #expect(sizes.values.allSatisfy { $0.bytes > 0 })
    }

    @Test("an operator that refuses a key stops its partition and no other")
    func operatorBound() throws {
        let define: (GraphBuilder) -> Void = TestPipelines.bounded(ProcessOptions(maximumKeys: 3))
        let harness = try Self.harness("bounded", define)
        let numbers = 0..<100 as Range<Int64>
        let parts = Dictionary(grouping: numbers) { user in
            user.encoded.withUnsafeBytes { Murmur2.partition($0, of: 2) }
        }
        let (full, free) = (try #require(parts[0]), try #require(parts[1]))
        try harness.send(
            (full.prefix(5) + free.prefix(2)).map {
                Event(user: $0, kind: 0, amount: 1, at: 1_000)
            })
        try harness.advance(by: .seconds(3))
        try harness.send([Event(user: free[0], kind: 0, amount: 1, at: 2_000)])
        try harness.advance(by: .seconds(3))
        let obstacle = try #require(harness.driver.obstacles.first)
        #expect(obstacle.partition == Self.partition("events", 0))
        #expect(obstacle.error.operatorID?.rawValue == "sum")
        let totals = try harness.records(of: "totals", as: Total.self)
        #expect(totals.filter { $0.kind == free[0] }.map(\.count) == [1, 2])
    }

    // MARK: Partitions that are added

    @Test("keyless stages and re-keyed inputs take added partitions up")
    func addedPartitions() throws {
        let events = Event.make(120, seed: 16)
        let harness = try Self.harness("windows", TestPipelines.windows())
        try harness.send(Array(events[..<60]))
        try harness.advance(by: .seconds(2))
        try harness.driver.log.addPartitions(to: "events", count: 4)
        try harness.advance(by: .seconds(2))
        try harness.send(Array(events[60...]))
        try harness.advance(by: .seconds(2))
        try harness.finish()
        #expect(
            harness.tableTotals() == ReferenceInterpreter(events: events).windowTotals)
    }

    @Test(
        "a stage that keeps state by the topic's own key refuses added partitions, with the way out"
    )
    func refusedPartitions() throws {
        let harness = try Self.harness("running", TestPipelines.running)
        try harness.send(Event.make(20, seed: 17))
        try harness.advance(by: .seconds(2))
        try harness.driver.log.addPartitions(to: "events", count: 3)
        let error = #expect(throws: DataflowError.self) { try harness.advance(by: .seconds(2)) }
        let text = error?.message ?? ""
        #expect(text.contains("had 2 partitions") && text.contains("another run's name"), "\(text)")
    }

    @Test("at start, a stage with state refuses another number of partitions, or unequal ones")
    func layout() throws {
        func stage(_ define: (GraphBuilder) -> Void) throws -> Stage {
            let builder = GraphBuilder(pipeline: "p")
            define(builder)
            return try #require(try Plan(try builder.graph()).stages.first)
        }
        let store = SimulatedStore()
        let running = try stage(TestPipelines.running)
        #expect(try StageLayout.verify(running, run: "p", store: store) { _ in 4 } == 4)
        #expect(try StageLayout.verify(running, run: "p", store: store) { _ in 4 } == 4)
        let grown = #expect(throws: DataflowError.self) {
            try StageLayout.verify(running, run: "p", store: store) { _ in 6 }
        }
        #expect(grown?.code == .incompatibleState)
        #expect(grown?.message.contains("had 4 partitions") ?? false)
        #expect(try StageLayout.verify(running, run: "other", store: store) { _ in 6 } == 6)
        let keyless = try stage(Self.pipeline(.fail))
        #expect(try StageLayout.verify(keyless, run: "p", store: store) { _ in 6 } == nil)
        let union = try stage { graph in
            let left = graph.source("left", from: KafkaSource<Event>("left"))
            let right = graph.source("right", from: KafkaSource<Event>("right"))
            left.rejected.sink("left-rejects", to: DeadLetters())
            right.rejected.sink("right-rejects", to: DeadLetters())
            left.accepted.union("all", with: right.accepted).sink("out", to: KafkaSink("out"))
        }
        #expect(try StageLayout.verify(union, run: "p", store: store) { _ in 4 } == 4)
        let unequal = #expect(throws: DataflowError.self) {
            try StageLayout.verify(union, run: "q", store: store) { $0 == "left" ? 4 : 3 }
        }
        #expect(unequal?.message.contains("left has 4 and right has 3") ?? false)
    }

    @Test("a stage with nothing to do commits when a marker is due, not with every interval")
    func idle() throws {
        let harness = try Self.harness("windows", TestPipelines.windows())
        try harness.send(Event.make(20, seed: 18))
        try harness.advance(by: .seconds(10))
        func epochs() -> UInt64 { harness.driver.commits(of: "events") }
        let before = epochs()
        try harness.advance(by: .seconds(60))
        // Two tasks, a marker every five seconds each; every interval it would be 120.
        #expect((20...30).contains(epochs() - before), "\(epochs() - before)")
    }
}
