import Foundation
import KafkaClient
import Records
import Testing
import WordCount

/// Three workers in processes of their own on one pipeline, killed one after the other under load.
@Suite("Real processes: workers that are killed", .serialized)
struct KilledWorkersTests {
    static let partitions: Int32 = 3
    static let lines = 3_000
    static let windowMilliseconds: Int64 = 5_000
    /// Event time lies ahead of the clock, so that no idle partition overtakes its records.
    static let start = EventTime(
        milliseconds: Int64(Date().timeIntervalSince1970) / 3_600 * 3_600_000 + 86_400_000)

    @Test(
        "exactly-once: every word of every window is counted once, whoever dies",
        .enabled(if: WorkerProcess.binary != nil, "the millrace binary is not built"))
    func exactlyOnce() throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-delivery-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try TestCluster(directory: directory)
        defer { cluster.stop() }
        for number in 0..<3 { try cluster.startWorker(number) }

        let writer = try KafkaWriter(cluster.configuration)
        defer { writer.close() }
        var random = SeededGenerator(seed: 7)
        var oracle: [WordTotal: Int] = [:]
        var kills = 0
        for index in 0..<Self.lines {
            let time = Self.start.advanced(byMilliseconds: Int64(index) * 20)
            let words = (0..<3).map { _ in Self.word(random.next() % 20) }
            try Self.write(
                words.joined(separator: " "), at: time, Int32(index) % Self.partitions, writer)
            for word in words { oracle[Self.total(word, time), default: 0] += 1 }
            if index % 50 == 49 { try writer.flush(timeoutMilliseconds: 60_000) }
            writer.poll().forEach { #expect($0.error == nil) }
            if index % 750 == 749 {
                // Somebody is at work by now, and dies at it.
                try cluster.waitForOutput()
                try cluster.replaceWorker(kills % 3)
                kills += 1
            }
        }
        // Far ahead, on every partition: all windows before close.
        for partition in 0..<Self.partitions {
            let end = Self.start.advanced(byMilliseconds: 3_600_000)
            try Self.write("end", at: end, partition, writer)
        }
        try writer.flush(timeoutMilliseconds: 60_000)

        let published = try cluster.readTotals(until: oracle.count)
        var counts: [WordTotal: Int] = [:]
        for total in published where total.word != "end" {
            let key = Self.total(total.word, total.windowStart)
            #expect(counts[key] == nil, "\(total.word) at \(total.windowStart) is there twice")
            counts[key] = Int(total.count)
        }
        #expect(counts == oracle)
        #expect(kills == 4)
    }

    @Test(
        "a thread that fails ends the whole run: said at once, others in order, exit status 1",
        .enabled(if: WorkerProcess.binary != nil, "the millrace binary is not built"))
    func oneThreadFails() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-delivery-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try TestCluster(directory: directory)
        defer { cluster.stop() }
        // The other thread could run on, with all partitions.
        let worker = try cluster.startWorker(
            0, threads: 2, environment: ["MILLRACE_FAIL_AT": "prepared:1"])
        let writer = try KafkaWriter(cluster.configuration)
        defer { writer.close() }
        for index in 0..<60 {
            let time = Self.start.advanced(byMilliseconds: Int64(index) * 500)
            try Self.write("a b c", at: time, Int32(index) % Self.partitions, writer)
        }
        try writer.flush(timeoutMilliseconds: 60_000)
        #expect(try await worker.end() == 1, "\(worker.text)")
        let said = "word-count failed and stops: "
        #expect(worker.text.contains(said), "\(worker.text)")
        #expect(worker.text.contains("told to fail"), "\(worker.text)")
    }

    static func word(_ number: UInt64) -> String {
        String(UnicodeScalar(UInt8(ascii: "a") + UInt8(number))) + "word"
    }

    static func total(_ word: String, _ time: EventTime) -> WordTotal {
        let start = time.milliseconds - time.milliseconds % windowMilliseconds
        return WordTotal(word: word, windowStart: EventTime(milliseconds: start), count: 0)
    }

    static func write(
        _ text: String, at time: EventTime, _ partition: Int32, _ writer: KafkaWriter
    ) throws {
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
