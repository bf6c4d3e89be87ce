import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Testing

@Suite("Pipelines in the harness")
struct PipelineTests {
    static func options(workers: Int = 1) -> SimulationOptions {
        var options = SimulationOptions()
        options.workers = workers
        options.worker.isBounded = true
        return options
    }

    @Test("a bounded run emits every window, to topic and table alike", arguments: [1, 2, 3])
    func boundedRun(workers: Int) throws {
        let events = Event.make(200, seed: 1)
        let harness = try PipelineHarness(
            "windows", Self.options(workers: workers), define: TestPipelines.windows())
        try harness.send(events)
        try harness.advance(by: .seconds(3))
        try harness.finish()
        let oracle = ReferenceInterpreter(events: events)
        #expect(try harness.lastTotals() == oracle.windowTotals)
        #expect(harness.tableTotals() == oracle.windowTotals)
    }

    @Test("input that comes while the pipeline runs is counted once")
    func trickle() throws {
        let events = Event.make(120, seed: 2)
        let harness = try PipelineHarness(
            "windows", Self.options(workers: 2), define: TestPipelines.windows(early: true))
        for start in stride(from: 0, to: events.count, by: 10) {
            try harness.send(Array(events[start..<(start + 10)]))
            try harness.advance(by: .milliseconds(700))
        }
        try harness.finish()
        let oracle = ReferenceInterpreter(events: events)
        #expect(try harness.lastTotals() == oracle.windowTotals)
        #expect(harness.tableTotals() == oracle.windowTotals)
    }

    @Test("every seam of a chain lets everything through once")
    func seams() throws {
        let events = Event.make(150, seed: 3)
        let harness = try PipelineHarness(
            "seams", Self.options(workers: 2), define: TestPipelines.seams)
        try harness.send(events)
        try harness.advance(by: .seconds(2))
        try harness.finish()
        let oracle = ReferenceInterpreter(events: events)
        #expect(harness.tableTotals() == oracle.seamTotals)
        #expect(harness.latest() == oracle.latest)
        #expect(try harness.records(of: "copies", as: Event.self).count == events.count)
    }

    @Test("what can't be read lies in the dead letters, and the partition goes on behind it")
    func rejects() throws {
        let harness = try PipelineHarness(
            "windows", Self.options(), define: TestPipelines.windows())
        let events = Event.make(20, seed: 4)
        try harness.send(Array(events[..<10]))
        let partition = TopicPartition(topic: "events", partition: 1)
        let before = harness.driver.log.end(of: partition).rawValue
        #expect(before > 0)
        try harness.send(
            SimulatedLog.Record(
                timestamp: EventTime(milliseconds: 7), key: [1], value: [1, 2, 3]),
            to: "events", partition: 1)
        try harness.send(Array(events[10...]))
        try harness.finish()
        let letters = harness.driver.log.records(of: "windows.dead-letters")
        #expect(letters.map(\.value) == [[1, 2, 3]])
        let headers = try #require(letters.first?.headers)
        #expect(headers.contains(RecordHeader("millrace.code", "undecodable")))
        let reason = try #require(headers.first { $0.name == "millrace.reason" })
        #expect(String(decoding: reason.value, as: UTF8.self).hasPrefix("could not decode: "))
        #expect(headers.contains(RecordHeader("millrace.operator", "events")))
        #expect(headers.contains(RecordHeader("millrace.topic", "events")))
        #expect(headers.contains(RecordHeader("millrace.partition", "1")))
        #expect(headers.contains(RecordHeader("millrace.offset", "\(before)")))
        #expect(
            try harness.lastTotals() == ReferenceInterpreter(events: events).windowTotals)
    }
}

@Suite("Crash and restore at every batch boundary")
struct CrashTests {
    /// Runs a pipeline with a crash behind the n-th batch, for each n there is.
    private func atEveryBoundary(
        _ pipeline: String, _ define: @escaping (GraphBuilder) -> Void, _ events: [Event],
        check: (PipelineHarness, Int) throws -> Void
    ) throws -> Int {
        var boundary = 0
        while true {
            var options = PipelineTests.options()
            options.batchLimit = 8
            let harness = try PipelineHarness(pipeline, options, define: define)
            try harness.send(Array(events[..<(events.count / 2)]))
            if !(try harness.run(untilBatch: boundary)) {
                // Commits come with time: these boundaries lie behind the first of them.
                try harness.advance(by: .seconds(1))
                try harness.send(Array(events[(events.count / 2)...]))
                if !(try harness.run(untilBatch: boundary)) {
                    try harness.advance(by: .seconds(1))
                    if !(try harness.run(untilBatch: boundary)) { return boundary }
                }
                try harness.crashAndRestore()
            } else {
                try harness.crashAndRestore()
                try harness.advance(by: .milliseconds(300))
                try harness.send(Array(events[(events.count / 2)...]))
            }
            try harness.finish()
            try check(harness, boundary)
            boundary += 1
        }
    }

    @Test("exactly-once: every window is the oracle's")
    func windows() throws {
        let events = Event.make(60, seed: 5)
        let oracle = ReferenceInterpreter(events: events).windowTotals
        let boundaries = try atEveryBoundary("windows", TestPipelines.windows(), events) {
            harness, boundary in
            let totals = try harness.lastTotals()
            #expect(totals == oracle, "crash behind batch \(boundary)")
            #expect(harness.tableTotals() == oracle, "crash behind batch \(boundary)")
        }
        #expect(boundaries > 12)
    }

    @Test("a stage that commits to the database counts exactly once")
    func sums() throws {
        let events = Event.make(60, seed: 6)
        let oracle = ReferenceInterpreter(events: events).userSums
        let boundaries = try atEveryBoundary("sums", TestPipelines.sums, events) {
            harness, boundary in
            #expect(
                differences(harness.tableTotals(), from: oracle).isEmpty,
                "crash behind batch \(boundary)")
        }
        #expect(boundaries > 6)
    }

    @Test("a chain with every seam loses nothing and doubles nothing")
    func seams() throws {
        let events = Event.make(60, seed: 7)
        let oracle = ReferenceInterpreter(events: events)
        let boundaries = try atEveryBoundary("seams", TestPipelines.seams, events) {
            harness, boundary in
            #expect(
                differences(harness.tableTotals(), from: oracle.seamTotals).isEmpty,
                "crash behind batch \(boundary)")
            #expect(harness.latest() == oracle.latest, "crash behind batch \(boundary)")
        }
        #expect(boundaries > 12)
    }
}
