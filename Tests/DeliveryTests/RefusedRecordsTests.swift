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
            let topic = TotalsWatch.topic(cluster.configuration, partitions: LineLoad.partitions)
            defer { topic.stop() }
            let table = TotalsWatch.table(url)
            defer { table.stop() }
            let (oracle, long) = try feed(cluster, url)
            // With `end` there is one more.
            try TestCluster.eventually("all is published; \(cluster.failures)") { () -> Void? in
                table.counts.count > oracle.count && topic.counts.count > oracle.count + long
                    ? () : nil
            }
            #expect(table.problems.isEmpty && topic.problems.isEmpty)
            #expect(table.counts.filter { $0.key.word != "end" } == oracle)
            // Too long for the table, and not for the topic.
            let published = topic.counts.filter { $0.key.word != "end" }
            #expect(published.filter { $0.key.word.count < Self.long } == oracle)
            #expect(published.count == oracle.count + long)

            let database = try PostgresConnection(try PostgresConfiguration(url))
            defer { database.close() }
            // Too long for the table's index: one letter each, with the record's own bytes.
            try TestCluster.eventually("letters of the table") { () -> Void? in
                let count = try letters(database).count
                return count >= long ? () : nil
            }
            let kept = try letters(database)
            #expect(kept.count == long && Set(kept).count == long)
            #expect(kept.allSatisfy { $0 > Int64(Self.long) })

            // Too large for the shuffle.
            let dead = try cluster.read("word-count.dead-letters")
            #expect(dead.count == Self.oversized.count)
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

    /// The letters of a word that is too long for the table's index, at least.
    private static let long = 5_000
    /// Before which hundred lines one comes that is as long as a record may be.
    private static let oversized = [1, 5, 7]

    /// Writes lines, and kills a worker now and then.
    ///
    /// - Returns: how often each word is in each window, and how many are too long for the table.
    private func feed(
        _ cluster: TestCluster, _ url: String
    ) throws -> (oracle: [WordTotal: Int], long: Int) {
        var load = try LineLoad(cluster.configuration, seed: 9)
        defer { load.close() }
        var random = SeededGenerator(seed: 10)
        var long = 0
        for hundred in 0..<Self.lines / 100 {
            if Self.oversized.contains(hundred) { try load.writeLongest() }
            try load.write(100) { index in
                guard index % 200 == 150 else { return nil }
                long += 1
                // The lengths tell them apart.
                let letters = (0..<Self.long + long).map { _ in LineLoad.letter(random.next()) }
                return String(decoding: letters, as: UTF8.self)
            }
            guard hundred % 4 == 3 else { continue }
            try cluster.waitForOutput()
            try cluster.replaceWorker(hundred / 4 % 2)
            try cluster.replaceTableWorker(2, database: url)
        }
        try load.end()
        return (load.oracle, long)
    }
}
