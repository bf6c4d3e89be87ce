import Foundation
import KafkaClient
import Records
import Testing
import WordCount

/// Lines of seeded words, twenty milliseconds of event time apart, and how often each word is in each window.
struct LineLoad {
    static let partitions: Int32 = 3
    static let windowMilliseconds: Int64 = 5_000
    /// Event time lies ahead of the clock, so that no idle partition overtakes its records.
    private static let start = EventTime(
        milliseconds: Int64(Date().timeIntervalSince1970) / 3_600 * 3_600_000 + 86_400_000)
    private static let flushMilliseconds = 120_000

    /// What is to be published, the count apart from what is counted.
    private(set) var oracle: [WordTotal: Int] = [:]
    private var random: SeededGenerator
    private var written = 0
    private let writer: KafkaWriter

    init(_ configuration: KafkaConfiguration, seed: UInt64) throws {
        writer = try KafkaWriter(configuration)
        random = SeededGenerator(seed: seed)
    }

    func close() { writer.close() }

    /// Writes lines of three words to the partitions in turn.
    ///
    /// - Parameter addition: one word more for the line of a number, which the oracle doesn't expect.
    mutating func write(_ count: Int, addition: (Int) -> String? = { _ in nil }) throws {
        for index in written..<written + count {
            let time = Self.time(index)
            let words = (0..<3).map { _ in Self.word(random.next() % 20) }
            let line = words + (addition(index).map { [$0] } ?? [])
            try write(line.joined(separator: " "), at: time, Int32(index) % Self.partitions)
            for word in words { oracle[Self.total(word, time), default: 0] += 1 }
            if index % 50 == 49 { try writer.flush(timeoutMilliseconds: Self.flushMilliseconds) }
            writer.poll().forEach { #expect($0.error == nil) }
        }
        written += count
        try writer.flush(timeoutMilliseconds: Self.flushMilliseconds)
    }

    /// Writes a line of one word that is as long as a record may be, which the oracle doesn't expect.
    mutating func writeLongest() throws {
        let bytes = (0..<writer.recordBound(of: "lines")).map { _ in Self.letter(random.next()) }
        try write(
            String(decoding: bytes, as: UTF8.self), at: Self.time(written),
            Int32(written) % Self.partitions)
    }

    /// Writes the word `end` far ahead on every partition, so that all windows before close; and once more for the
    /// last of these.
    func end() throws {
        for hours in [1, 2] as [Int64] {
            for partition in 0..<Self.partitions {
                try write(
                    "end", at: Self.start.advanced(byMilliseconds: hours * 3_600_000), partition)
            }
        }
        try writer.flush(timeoutMilliseconds: Self.flushMilliseconds)
    }

    /// A letter that is a function of a number.
    static func letter(_ number: UInt64) -> UInt8 { UInt8(ascii: "a") + UInt8(number % 26) }

    private static func time(_ index: Int) -> EventTime {
        start.advanced(byMilliseconds: Int64(index) * 20)
    }

    private static func word(_ number: UInt64) -> String {
        String(UnicodeScalar(UInt8(ascii: "a") + UInt8(number))) + "word"
    }

    private static func total(_ word: String, _ time: EventTime) -> WordTotal {
        let start = time.milliseconds - time.milliseconds % windowMilliseconds
        return WordTotal(word: word, windowStart: EventTime(milliseconds: start), count: 0)
    }

    private func write(_ text: String, at time: EventTime, _ partition: Int32) throws {
        var batch = OutputBatch(topics: ["lines"])
        batch.bytes = Array(text.utf8)
        batch.entries = [
            OutputBatch.Entry(
                topic: 0, partition: partition, timestamp: time, key: nil,
                value: 0..<batch.bytes.count)
        ]
        try writer.write(batch, token: 1)
    }
}
