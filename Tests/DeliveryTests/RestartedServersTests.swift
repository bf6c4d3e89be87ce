import DatabaseFixture
import Foundation
import KafkaClient
import Records
import Testing
import WordCount

/// Broker and database are killed and started again under load, while somebody reads what comes out.
@Suite("Real processes: servers that restart", .serialized)
struct RestartedServersTests {
    private static let partitions = KilledWorkersTests.partitions
    private static let lines = 2_000

    private static let canRun =
        WorkerProcess.binary != nil && TestDatabase.isAvailable
        && (ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"] ?? "").isEmpty

    @Test(
        "exactly-once: topic and table are exact to whoever looks, whatever restarts",
        .enabled(
            if: canRun, "needs the millrace binary, PostgreSQL, and no KAFKA_BOOTSTRAP_SERVERS"))
    func restarts() throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-restarts-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let database = try RestartableDatabase("\(directory)/postgres")
        defer { database.drop() }
        let cluster = try TestCluster(directory: directory)
        defer { cluster.stop() }
        for number in 0..<2 { try cluster.startWorker(number) }
        try cluster.startTableWorker(2, database: database.url)
        let topic = TotalsWatch.topic(cluster.configuration, partitions: Self.partitions)
        let table = TotalsWatch.table(database.url)
        defer {
            topic.stop()
            table.stop()
        }

        let oracle = try feed(cluster, database)
        try TestCluster.eventually(
            "\(oracle.count) totals; \(topic.counts.count) are published, \(table.counts.count) "
                + "in the table; \(cluster.failures)"
        ) { () -> Void? in
            topic.counts.count > oracle.count && table.counts.count > oracle.count ? () : nil
        }
        for (watch, name) in [(topic, "topic"), (table, "table")] {
            #expect(watch.problems.isEmpty, "\(name): \(watch.problems)")
            #expect(watch.counts.filter { $0.key.word != "end" } == oracle, "\(name)")
        }
    }

    /// Writes lines, and restarts a server now and then.
    ///
    /// - Returns: how often each word is in each window.
    private func feed(
        _ cluster: TestCluster, _ database: RestartableDatabase
    ) throws -> [WordTotal: Int] {
        let writer = try KafkaWriter(cluster.configuration)
        defer { writer.close() }
        var random = SeededGenerator(seed: 8)
        var oracle: [WordTotal: Int] = [:]
        for index in 0..<Self.lines {
            let time = KilledWorkersTests.start.advanced(byMilliseconds: Int64(index) * 20)
            let words = (0..<3).map { _ in KilledWorkersTests.word(random.next() % 20) }
            try KilledWorkersTests.write(
                words.joined(separator: " "), at: time, Int32(index) % Self.partitions, writer)
            for word in words { oracle[KilledWorkersTests.total(word, time), default: 0] += 1 }
            if index % 50 == 49 { try writer.flush(timeoutMilliseconds: 120_000) }
            writer.poll().forEach { #expect($0.error == nil) }
            if index % 500 == 499 {
                try cluster.waitForOutput()
                if index % 1_000 == 499 {
                    try cluster.restartBroker()
                } else {
                    try database.restart()
                }
            }
        }
        // Far ahead, on every partition: all windows before close. And once more for the last of these.
        for hours in [1, 2] as [Int64] {
            for partition in 0..<Self.partitions {
                let end = KilledWorkersTests.start.advanced(byMilliseconds: hours * 3_600_000)
                try KilledWorkersTests.write("end", at: end, partition, writer)
            }
        }
        try writer.flush(timeoutMilliseconds: 120_000)
        return oracle
    }
}

/// A server of its own, by `.ci/postgres`.
private final class RestartableDatabase {
    let url: String
    private let directory: String

    init(_ directory: String) throws {
        self.directory = directory
        url = try TestDatabase.runScript(["start", directory])
    }

    func restart() throws { _ = try TestDatabase.runScript(["restart", directory]) }

    func drop() { _ = try? TestDatabase.runScript(["drop", directory]) }
}
