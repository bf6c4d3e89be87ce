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

/// Records that can be read and not written: too large for a topic, refused by a database.
@Suite("Records that can't be written")
struct RefusedRecordsTests {
    private static let latest = TableSpec(
        "latest", columns: [.init("user", .integer), .init("at", .integer)],
        key: ["user", "at"])

    /// One row an event: straight from its topic, behind a topic that is followed, or by a handoff.
    private static func rows(_ way: String) -> (GraphBuilder) -> Void {
        { graph in
            let events = graph.source("events", from: KafkaSource<Event>("events"))
            events.rejected.sink("rejects", to: DeadLetters())
            let all = events.accepted
                .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
                .filter("all") { _ in true }
            if way == "follow" { all.sink("copies", to: KafkaSink("copies")) }
            if way == "handoff" {
                all.map("again") { $0 }.sink("copies", to: KafkaSink("copies"))
            }
            all.sink(
                "latest",
                to: PostgresUpsert(latest) {
                    .upsert([.integer($0.user), .integer($0.happenedAt.milliseconds)])
                })
        }
    }

    private static func isBad(_ event: Event) -> Bool { event.amount % 10 == 3 }

    private static func harness(
        _ define: @escaping (GraphBuilder) -> Void, _ delivery: Delivery = .exactlyOnce
    ) throws -> PipelineHarness {
        var options = PipelineTests.options()
        options.worker.delivery = delivery
        return try PipelineHarness("refused", options, define: define)
    }

    /// Sends events in portions, with a crash in the middle of each.
    private static func play(_ events: [Event], _ harness: PipelineHarness) throws {
        for start in stride(from: 0, to: events.count, by: 30) {
            try harness.send(Array(events[start..<min(start + 30, events.count)]))
            try harness.run(untilBatch: harness.driver.batches + 5)
            try harness.crashAndRestore()
            try harness.advance(by: .seconds(2))
        }
        try harness.finish()
    }

    private static func bytes(_ event: Event) -> [UInt8] { event.encoded }

    @Test(
        "rows that the database refuses are dead letters, once, and their neighbours rows",
        arguments: ["direct", "follow", "handoff"], Delivery.allCases)
    func refusedRows(way: String, delivery: Delivery) throws {
        let events = Event.make(150, seed: 21)
        let harness = try Self.harness(Self.rows(way), delivery)
        let bad = events.filter(Self.isBad)
        let refused = Set(bad.map { [$0.user, $0.happenedAt.milliseconds] })
        harness.driver.database.refusal = { table, change in
            guard table.name == "latest", case .upsert(let row) = change,
                case .integer(let user) = row[0], case .integer(let time) = row[1],
                refused.contains([user, time])
            else { return nil }
            return "a constraint"
        }
        try Self.play(events, harness)
        let rows = harness.rows(of: "latest")
        let good = events.filter { !Self.isBad($0) }
            .map { [TableValue.integer($0.user), .integer($0.happenedAt.milliseconds)] }
        let letters = harness.rows(of: "millrace.dead_letters")
        if way == "direct" || delivery == .exactlyOnce {
            #expect(Set(rows) == Set(good))
            // Their place is their key, so that one letter a record means that none is there twice.
            #expect(letters.count == bad.count)
        } else if delivery == .atLeastOnce {
            #expect(Set(rows) == Set(good))
        } else {
            #expect(Set(rows).isSubset(of: good))
        }
        let topic = ["direct": "events", "follow": "copies"][way] ?? "refused.latest.handoff"
        #expect(!letters.isEmpty)
        for letter in letters {
            #expect(letter[1] == .text("latest") && letter[2] == .text(topic))
            #expect(letter[5] == .text("rejected") && letter[6] == .text("a constraint"))
        }
        if way != "handoff" {
            let originals = Set(bad.map { TableValue.bytes(Self.bytes($0)) })
            #expect(Set(letters.map { $0[9] }).isSubset(of: originals))
            if delivery == .exactlyOnce { #expect(Set(letters.map { $0[9] }) == originals) }
        }
        // Where a record lies is where it can be found again.
        for letter in letters.prefix(3) {
            guard case .integer(let number) = letter[3], case .integer(let offset) = letter[4]
            else { continue }
            let place = TopicPartition(topic: topic, partition: Int32(number))
            #expect(harness.driver.log.end(of: place) > Offset(offset))
        }
    }

    @Test("a refused row that came of many records says so, and shows itself")
    func derivedRows() throws {
        let events = Event.make(80, seed: 22)
        let harness = try Self.harness(TestPipelines.sums)
        harness.driver.database.refusal = { table, change in
            guard table.name == Total.table.name, case .upsert(let row) = change,
                row.first == .integer(3)
            else { return nil }
            return "a constraint"
        }
        try Self.play(events, harness)
        let oracle = ReferenceInterpreter(events: events).userSums.filter { $0.key.kind != 3 }
        #expect(harness.tableTotals() == oracle)
        let letters = harness.rows(of: "millrace.dead_letters")
        #expect(letters.count == events.filter { $0.user == 3 }.count)
        for letter in letters {
            #expect(letter[1] == .text("sums"))
            guard case .text(let place) = letter[2], case .text(let reason) = letter[6],
                case .bytes(let value) = letter[9]
            else {
                Issue.record("a place, a reason and a value")
                continue
            }
            #expect(place.hasPrefix("table \(Total.table.name), commit "))
            #expect(reason.hasPrefix("a constraint; it came of several records"))
            #expect(String(decoding: value, as: UTF8.self).hasPrefix("{\""))
        }
    }

    @Test("two refused rows of one record are one letter, with both reasons")
    func twoRowsOfOne() throws {
        let events = Event.make(40, seed: 24)
        let harness = try Self.harness { graph in
            let events = graph.source("events", from: KafkaSource<Event>("events"))
            events.rejected.sink("rejects", to: DeadLetters())
            events.accepted
                .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
                .flatMap("twice") { event in
                    var other = event
                    other.user += 1_000
                    return [event, other]
                }
                .sink(
                    "latest",
                    to: PostgresUpsert(Self.latest) {
                        .upsert([.integer($0.user), .integer($0.happenedAt.milliseconds)])
                    })
        }
        harness.driver.database.refusal = { table, change in
            guard table.name == "latest", case .upsert(let row) = change,
                case .integer(let user) = row[0]
            else { return nil }
            return user < 1_000 ? "the first" : "the second"
        }
        try Self.play(events, harness)
        let letters = harness.rows(of: "millrace.dead_letters")
        #expect(letters.count == events.count)
        #expect(
            letters.allSatisfy { $0[6] == .text("the first; 1 more of its rows: the second") })
    }

    /// Copies events, some of them enlarged.
    private static func copies(_ graph: GraphBuilder) {
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        events.accepted.map("enlarged") { Parcel(event: $0, size: isBad($0) ? 5_000 : 10) }
            .sink("copies", to: KafkaSink("copies"))
    }

    @Test(
        "records too large for their topic are dead letters, once, and their neighbours come through",
        arguments: Delivery.allCases)
    func oversized(delivery: Delivery) throws {
        let events = Event.make(150, seed: 23)
        let harness = try Self.harness(Self.copies, delivery)
        harness.driver.log.recordBound = 1_000
        try Self.play(events, harness)
        let copies = harness.driver.log.records(of: "copies").map {
            Array(($0.value ?? []).prefix(32))
        }
        let letters = harness.driver.log.records(of: "refused.dead-letters")
        let good = events.filter { !Self.isBad($0) }.map(Self.bytes)
        let bad = events.filter(Self.isBad).map(Self.bytes)
        func sorted(_ list: [[UInt8]]) -> [[UInt8]] {
            list.sorted { $0.lexicographicallyPrecedes($1) }
        }
        switch delivery {
        case .exactlyOnce:
            #expect(sorted(copies) == sorted(good))
            #expect(sorted(letters.compactMap(\.value)) == sorted(bad))
        case .atLeastOnce:
            #expect(Set(copies) == Set(good))
            #expect(Set(letters.compactMap(\.value)) == Set(bad))
        case .atMostOnce:
            #expect(Set(copies).count == copies.count && Set(copies).isSubset(of: good))
            #expect(Set(letters.compactMap(\.value)).isSubset(of: bad))
        }
        for letter in letters {
            let headers = Dictionary(
                letter.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
            ) { $1 }
            #expect(headers["millrace.code"] == "limit-exceeded")
            #expect(headers["millrace.operator"] == "copies")
            #expect(headers["millrace.topic"] == "events")
            #expect(headers["millrace.offset"] != nil)
            #expect(headers["millrace.reason"]?.contains("copies takes 1000") ?? false)
        }
    }

    @Test("a dead letter that is itself too large is cut, and says how long it was")
    func cut() throws {
        let harness = try Self.harness(Self.copies)
        harness.driver.log.recordBound = 400
        let noise = [UInt8](repeating: 255, count: 350)
        try harness.send(
            SimulatedLog.Record(timestamp: EventTime(milliseconds: 1), key: [1], value: noise),
            to: "events", partition: 0)
        try harness.finish()
        let letter = try #require(harness.driver.log.records(of: "refused.dead-letters").first)
        let value = try #require(letter.value)
        #expect(value.count > 20 && value.count < 350 && noise.starts(with: value))
        #expect(letter.headers.contains(RecordHeader("millrace.truncated", "351")))
    }

    @Test("what is too large for a shuffle is a dead letter; the windows count all else")
    func oversizedExchange() throws {
        let events = Event.make(90, seed: 24)
        let harness = try Self.harness { graph in
            let events = graph.source("events", from: KafkaSource<Event>("events"))
            events.rejected.sink("rejects", to: DeadLetters())
            events.accepted
                .assignTimestamps("time", .boundedOutOfOrder(.seconds(2)), \.happenedAt)
                .map("enlarged") { Parcel(event: $0, size: Self.isBad($0) ? 5_000 : 10) }
                .keyBy("by-kind", \.event.kind)
                .process("count") { RunningCount<Parcel>() }
                .sink("totals", to: KafkaSink("totals"))
        }
        harness.driver.log.recordBound = 1_000
        try Self.play(events, harness)
        let letters = harness.driver.log.records(of: "refused.dead-letters")
        #expect(letters.count == events.filter(Self.isBad).count)
        #expect(
            Set(letters.compactMap(\.value)) == Set(events.filter(Self.isBad).map(Self.bytes)))
        let totals = try harness.records(of: "totals", as: Total.self)
        #expect(totals.count == events.filter { !Self.isBad($0) }.count)
    }
}
