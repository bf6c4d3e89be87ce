import DatabaseFixture
import Foundation
import KafkaClient
import ObjectStore
import Records
import S3Fixture
import State
import Testing
import WordCount

/// Workers, broker and database in processes of their own, killed one after the other under load.
///
/// One suite, as on a Kafka of one's own all of its cases share the topics.
@Suite(
    "Real processes: workers and servers that are killed", .serialized,
    .enabled(if: WorkerProcess.binary != nil, "the millrace binary is not built"))
struct KilledWorkersTests {
    /// Runs `body` in a directory of its own.
    private func withDirectory<T>(_ body: (String) async throws -> T) async throws -> T {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-delivery-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try await body(directory)
    }

    /// Waits until every total was seen, and for what may come behind, and compares.
    private func expectExact(
        _ watches: [(name: String, watch: TotalsWatch)], _ load: LineLoad, _ cluster: TestCluster
    ) throws {
        let oracle = load.oracle
        func seen() -> String {
            watches.map { "\($0.watch.counts.count) in the \($0.name) \($0.watch.lastError)" }
                .joined(separator: ", ")
        }
        // With `end` of the first hour there is one more.
        try TestCluster.eventually("\(oracle.count) totals; \(seen()); \(cluster.failures)") {
            () -> Void? in
            watches.allSatisfy { $0.watch.counts.count > oracle.count } ? () : nil
        }
        // What comes twice may come with the next commit.
        usleep(2 * TestCluster.commitMilliseconds * 1_000)
        let looks = watches.map(\.watch.looks)
        try TestCluster.eventually("two looks more; \(seen())") { () -> Void? in
            zip(watches, looks).allSatisfy { $0.watch.looks >= $1 + 2 } ? () : nil
        }
        for (name, watch) in watches {
            #expect(watch.problems.isEmpty, "\(name): \(watch.problems)")
            #expect(watch.counts.filter { $0.key.word != "end" } == oracle, "\(name)")
        }
    }

    @Test("exactly-once: topic and table are exact to whoever looks, whoever dies")
    func exactlyOnce() async throws {
        try await withDirectory { directory in
            let database =
                RestartableDatabase.isAvailable
                ? try RestartableDatabase("\(directory)/postgres") : nil
            defer { database?.drop() }
            let cluster = try TestCluster(directory: directory)
            defer { cluster.stop() }
            for number in 0..<3 { try cluster.startWorker(number) }
            var watches: [(name: String, watch: TotalsWatch)] = [
                ("topic", TotalsWatch.topic(cluster.configuration, partitions: LineLoad.partitions))
            ]
            if let database {
                try cluster.startTableWorker(3, database: database.url)
                watches.append(("table", TotalsWatch.table(database.url)))
            } else {
                print("no PostgreSQL is installed: there is no table, and nobody restarts one")
            }
            if !cluster.ownsBroker {
                print("KAFKA_BOOTSTRAP_SERVERS is set: that broker is not ours to restart")
            }
            defer { for (_, watch) in watches { watch.stop() } }

            var load = try LineLoad(cluster.configuration, seed: 7)
            defer { load.close() }
            for round in 0..<8 {
                try load.write(300)
                // Somebody is at work by now, and dies at it.
                try cluster.waitForOutput()
                if round % 4 == 1, cluster.ownsBroker { try cluster.restartBroker() }
                try cluster.replaceWorker(cluster.numbers[round % cluster.numbers.count])
                if round % 4 == 3, let database {
                    try cluster.waitForStarts()
                    try database.restart()
                }
            }
            try load.end()
            try expectExact(watches, load, cluster)
        }
    }

    @Test(
        "exactly-once with checkpoints in S3: whoever dies goes on from what lies there",
        .enabled(
            if: S3Server.python != nil && TestDatabase.isAvailable,
            "needs PostgreSQL, and moto_server beside MILLRACE_PYTHON; .ci/test installs it"))
    func objectStore() async throws {
        let server = try S3Server.shared.get()
        let location = try server.makeLocation()
        try await withDirectory { directory in
            try await TestDatabase.withDatabase { database in
                let cluster = try TestCluster(
                    directory: directory, store: "s3://\(S3Server.bucket)/\(location.prefix)",
                    environment: server.environment.merging(["DATABASE_URL": database]) { $1 })
                defer { cluster.stop() }
                for number in 0..<2 { try cluster.startWorker(number) }
                let watch = TotalsWatch.topic(
                    cluster.configuration, partitions: LineLoad.partitions)
                defer { watch.stop() }
                var load = try LineLoad(cluster.configuration, seed: 9)
                defer { load.close() }
                for round in 0..<4 {
                    try load.write(300)
                    try cluster.waitForOutput()
                    try cluster.replaceWorker(round % 2)
                    // Once nobody is left who remembers.
                    if round == 2 { try cluster.replaceWorker(1) }
                }
                try load.end()
                try expectExact([("topic", watch)], load, cluster)
            }
            let store = try S3CheckpointStore(location, credentials: { S3Server.credentials })
            let names = try store.list(prefix: "word-count/")
            #expect(names.contains { $0.contains("/by-word/") }, "\(names.prefix(5))")
        }
    }

    @Test(
        "exactly-once: a worker that dies between the decisions of two tasks leaves the table exact",
        .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
    func betweenDecisions() async throws {
        try await withDirectory { directory in
            try await TestDatabase.withDatabase { url in
                let cluster = try TestCluster(directory: directory)
                defer { cluster.stop() }
                try cluster.startWorker(0)
                let doomed = try cluster.startTableWorker(
                    1, database: url, environment: ["MILLRACE_CRASH_AT": "deciding:4"])
                let watches = [
                    (
                        name: "topic",
                        watch: TotalsWatch.topic(
                            cluster.configuration, partitions: LineLoad.partitions)
                    ), (name: "table", watch: TotalsWatch.table(url)),
                ]
                defer { for (_, watch) in watches { watch.stop() } }
                var load = try LineLoad(cluster.configuration, seed: 11)
                defer { load.close() }
                // It dies at its work, not at the first commits, which decide nothing.
                for _ in 0..<20 where doomed.isRunning {
                    try load.write(300)
                    try cluster.waitForOutput()
                }
                #expect(try await doomed.end() == SIGKILL, "\(doomed.text)")
                try cluster.replaceWorker(1)
                try load.write(300)
                try load.end()
                try expectExact(watches, load, cluster)
            }
        }
    }

    @Test("a thread that fails ends the whole run: said at once, others in order, exit status 1")
    func oneThreadFails() async throws {
        try await withDirectory { directory in
            let cluster = try TestCluster(directory: directory)
            defer { cluster.stop() }
            // The other thread could run on, with all partitions.
            let worker = try cluster.startWorker(
                0, threads: 2, environment: ["MILLRACE_FAIL_AT": "prepared:1"])
            var load = try LineLoad(cluster.configuration, seed: 1)
            defer { load.close() }
            try load.write(60)
            #expect(try await worker.end() == 1, "\(worker.text)")
            let said = "word-count failed and stops: "
            #expect(worker.text.contains(said), "\(worker.text)")
            #expect(worker.text.contains("told to fail"), "\(worker.text)")
        }
    }
}
