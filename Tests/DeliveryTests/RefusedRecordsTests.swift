import DatabaseFixture
import Foundation
import KafkaClient
import PostgresClient
import Records
import Testing
import WordCount

/// Words that can be read and not written, between words that can, while workers are killed.
@Suite("Real processes: records that can't be written", .serialized)
struct RefusedRecordsTests {
    private static let lines = 800
    private static let canRun = WorkerProcess.binary != nil && TestDatabase.isAvailable

    @Test(
        "exactly-once: each is one dead letter, the words beside it are counted once, whoever dies",
        .enabled(if: canRun, "needs the millrace binary and PostgreSQL"))
    func refused() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-refused-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await TestDatabase.withDatabase { url in
            let cluster = try TestCluster(directory: directory)
            defer { cluster.stop() }
            for number in 0..<2 { try cluster.startWorker(number) }
            try cluster.startTableWorker(2, database: url)
            let (oracle, long) = try feed(cluster, url)

            let database = try PostgresConnection(try PostgresConfiguration(url))
            defer { database.close() }
            try TestCluster.eventually("all is in the table; \(cluster.failures)") { () -> Void? in
                let rows = try? database.query(
                    "SELECT count(*) FROM word_totals WHERE word <> 'end'")
                return try rows?.first?.value(0, as: Int64.self) == Int64(oracle.count) ? () : nil
            }
            let rows = try database.query("SELECT word, window_start, total FROM word_totals")
            var table: [WordTotal: Int] = [:]
            for row in rows where try row.value(0, as: String.self) != "end" {
                let total = WordTotal(
                    word: try row.value(0), windowStart: try row.value(1), count: 0)
                table[total] = Int(try row.value(2, as: Int64.self))
            }
            #expect(table == oracle)
            // Too long for the table's index: one letter each, with the record's own bytes.
            try TestCluster.eventually("letters of the table") { () -> Void? in
                let count = try letters(database).count
                return count >= long ? () : nil
            }
            let kept = try letters(database)
            #expect(kept.count == long && Set(kept).count == long)
            #expect(kept.allSatisfy { $0 > 5_000 })

            // Too large for the shuffle.
            let published = try cluster.readTotals(until: oracle.count + long)
            #expect(published.filter { $0.word != "end" }.count == oracle.count + long)
            let topic = try cluster.read("word-count.dead-letters")
            #expect(topic.count == Self.oversized.count)
        }
    }

    /// The lengths of the keys, which hold the words, of the records that are kept.
    private func letters(_ database: PostgresConnection) throws -> [Int64] {
        try database.query(
            """
            SELECT length(key)::bigint FROM millrace.dead_letters
            WHERE operator = 'word-totals' AND topic = 'word-counts' AND code = 'rejected'
                AND reason LIKE '%SQLSTATE 54000%'
            """
        ).map { try $0.value(0) }
    }

    /// The lines of one word that is as long as a record may be.
    private static let oversized = [100, 500, 700]

    /// Writes lines, and kills a worker now and then.
    ///
    /// - Returns: how often each word is in each window, and how many are too long for the table.
    private func feed(
        _ cluster: TestCluster, _ url: String
    ) throws -> (oracle: [WordTotal: Int], long: Int) {
        let writer = try KafkaWriter(cluster.configuration)
        defer { writer.close() }
        var random = SeededGenerator(seed: 9)
        var oracle: [WordTotal: Int] = [:]
        var long = 0
        func letters(_ count: Int) -> String {
            String(
                (0..<count).map { _ in
                    Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(random.next() % 26)))
                })
        }
        for index in 0..<Self.lines {
            let time = KilledWorkersTests.start.advanced(byMilliseconds: Int64(index) * 20)
            let partition = Int32(index) % KilledWorkersTests.partitions
            let words = (0..<3).map { _ in KilledWorkersTests.word(random.next() % 20) }
            for word in words { oracle[KilledWorkersTests.total(word, time), default: 0] += 1 }
            var text = words.joined(separator: " ")
            if index % 200 == 150 {
                long += 1
                // The lengths tell them apart.
                text += " " + letters(5_000 + long)
            }
            try KilledWorkersTests.write(text, at: time, partition, writer)
            if Self.oversized.contains(index) {
                try KilledWorkersTests.write(
                    letters(writer.recordBound(of: "lines")), at: time, partition, writer)
            }
            if index % 50 == 49 { try writer.flush(timeoutMilliseconds: 60_000) }
            writer.poll().forEach { #expect($0.error == nil) }
            if index % 400 == 399 {
                try cluster.waitForOutput()
                try cluster.replaceWorker(index / 400 % 2)
                try cluster.replaceTableWorker(2, database: url)
            }
        }
        for partition in 0..<KilledWorkersTests.partitions {
            let end = KilledWorkersTests.start.advanced(byMilliseconds: 3_600_000)
            try KilledWorkersTests.write("end", at: end, partition, writer)
        }
        try writer.flush(timeoutMilliseconds: 60_000)
        return (oracle, long)
    }
}
