import Dataflow
import OperatorTesting
import Records
import Runtime
import Testing
import WordCount

@Suite("word-count, whole")
struct WordCountTests {
    private func harness() throws -> PipelineHarness {
        var options = SimulationOptions()
        options.worker.isBounded = true
        options.batchLimit = 2
        return try PipelineHarness(WordCount.name, options) { WordCount().build($0, .init()) }
    }

    /// Lines of two minutes, on both partitions in turn.
    private func send(to harness: PipelineHarness) throws {
        let lines: [(Int64, String)] = [
            (1_000, "To be, or"), (2_000, "not to be"), (59_999, "be"), (60_000, "to"),
            (61_000, ""), (62_000, "Über 12 über"),
        ]
        for (index, line) in lines.enumerated() {
            try harness.send(
                SimulatedLog.Record(
                    timestamp: EventTime(milliseconds: line.0), key: nil,
                    value: Array(line.1.utf8)),
                to: "lines", partition: Int32(index % 2))
        }
    }

    private var wanted: [WordTotal: Int] {
        let minutes: [(Int64, [String: UInt64])] = [
            (0, ["to": 2, "be": 3, "or": 1, "not": 1]), (60_000, ["to": 1, "über": 2]),
        ]
        var totals: [WordTotal: Int] = [:]
        for (start, counts) in minutes {
            for (word, count) in counts {
                let total = WordTotal(
                    word: word, windowStart: EventTime(milliseconds: start), count: count)
                totals[total] = 1
            }
        }
        return totals
    }

    private func totals(_ harness: PipelineHarness) throws -> [WordTotal: Int] {
        try harness.records(of: "word-counts", as: WordTotal.self)
            .reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    @Test("words are counted minute by minute, in lower case and without what is no letter")
    func counts() throws {
        let harness = try harness()
        try send(to: harness)
        try harness.finish()
        #expect(try totals(harness) == wanted)
        #expect(harness.driver.log.records(of: "word-count.dead-letters").isEmpty)
    }

    @Test("a line that is no text lies in the dead letters with its place and bytes")
    func noText() throws {
        let harness = try harness()
        try send(to: harness)
        try harness.send(
            SimulatedLog.Record(
                timestamp: EventTime(milliseconds: 3_000), key: [1], value: [0xFF, 0x61]),
            to: "lines", partition: 1)
        try harness.finish()
        #expect(try totals(harness) == wanted)
        let letters = harness.driver.log.records(of: "word-count.dead-letters")
        #expect(letters.map(\.value) == [[0xFF, 0x61]])
        #expect(letters.map(\.key) == [[1]])
        let headers = try #require(letters.first?.headers)
        for (name, text) in [
            ("code", "undecodable"), ("operator", "lines"), ("topic", "lines"), ("partition", "1"),
            ("offset", "3"),
        ] { #expect(headers.contains(RecordHeader("millrace.\(name)", text)), "\(name)") }
        #expect(headers.contains { $0.name == "millrace.reason" && !$0.value.isEmpty })
    }

    @Test("a crash behind any batch counts no word twice and forgets none")
    func crash() throws {
        var boundary = 0
        while true {
            let harness = try harness()
            try send(to: harness)
            guard try harness.run(untilBatch: boundary) else { break }
            try harness.crashAndRestore()
            try harness.advance(by: .seconds(1))
            try harness.finish()
            #expect(try totals(harness) == wanted, "behind batch \(boundary)")
            boundary += 1
        }
        #expect(boundary > 3)
    }
}
