import Foundation
import KafkaClient
import Records
import WordCount

/// A broker, or the Kafka at `KAFKA_BOOTSTRAP_SERVERS`, and the workers of `word-count` on it.
final class TestCluster {
    let configuration: KafkaConfiguration
    private let directory: String
    private let address: String
    private var broker: WorkerProcess?
    private var workers: [Int: WorkerProcess] = [:]
    private var started = 0
    private let store: String
    private let environment: [String: String]

    /// How long anything may take before it has failed.
    static let deadline = Duration.seconds(240)

    /// Whether the broker is this cluster's own, to be killed and started again.
    var ownsBroker: Bool { broker != nil }

    /// Starts a broker where none is given, and makes the topics.
    ///
    /// - Parameters:
    ///   - store: where the workers keep checkpoints; nil: in the directory.
    ///   - environment: what the workers of word-count are told beside the broker's address.
    init(directory: String, store: String? = nil, environment: [String: String] = [:]) throws {
        self.directory = directory
        self.store = store ?? "\(directory)/checkpoints"
        self.environment = environment
        let given = ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"] ?? ""
        if given.isEmpty {
            let broker = try WorkerProcess(
                ["dev", "broker", "--data", "\(directory)/broker", "--listen", "127.0.0.1:0"],
                log: "\(directory)/broker.log")
            self.broker = broker
            address = try TestCluster.eventually("the broker listens") {
                let text = broker.text
                guard let start = text.range(of: "listening on "),
                    let end = text[start.upperBound...].firstIndex(of: ",")
                else { return nil }
                return String(text[start.upperBound..<end])
            }
        } else {
            broker = nil
            address = given
        }
        configuration = try KafkaConfiguration(bootstrapServers: address)
        try "window: 5\n".write(
            toFile: "\(directory)/word-count.yaml", atomically: true, encoding: .utf8)
        let admin = try KafkaAdmin(configuration)
        defer { admin.close() }
        if broker == nil {
            // What an earlier run has left would be counted again; with the topics go the group's offsets.
            let names = ["lines", "word-counts", TestCluster.shuffle, "word-count.dead-letters"]
            try admin.deleteTopics(names)
            try TestCluster.eventually("the topics of earlier runs are gone") { () -> Void? in
                try admin.topics().keys.contains(where: names.contains) ? nil : ()
            }
        }
        try admin.createTopics([
            TopicSpec(name: "lines", partitions: LineLoad.partitions),
            TopicSpec(name: "word-counts", partitions: LineLoad.partitions),
        ])
    }

    private static let shuffle = "word-count.by-word.repartition"

    /// How often the workers commit.
    static let commitMilliseconds: UInt32 = 100

    /// Starts a worker.
    @discardableResult
    func startWorker(
        _ number: Int, threads: Int = 1, environment: [String: String] = [:]
    ) throws -> WorkerProcess {
        started += 1
        let worker = try WorkerProcess(
            [
                "run", "word-count", "--config", "\(directory)/word-count.yaml", "--store", store,
                "--threads", String(threads), "--partitions",
                String(LineLoad.partitions), "--commit-interval",
                String(TestCluster.commitMilliseconds),
            ],
            environment: [
                "KAFKA_BOOTSTRAP_SERVERS": address, "KAFKA_SESSION_TIMEOUT_MS": "6000",
                "KAFKA_HEARTBEAT_INTERVAL_MS": "500",
            ].merging(self.environment) { $1 }.merging(environment) { $1 },
            log: "\(directory)/worker-\(started).log")
        workers[number] = worker
        return worker
    }

    /// Starts a worker that keeps the table of what the others publish.
    @discardableResult
    func startTableWorker(
        _ number: Int, database: String, environment: [String: String] = [:]
    ) throws -> WorkerProcess {
        started += 1
        tableWorker = (number, database)
        let worker = try WorkerProcess(
            [
                "run", "word-table", "--store", "\(directory)/table-checkpoints",
                "--threads", "1", "--commit-interval", String(TestCluster.commitMilliseconds),
            ],
            environment: [
                "KAFKA_BOOTSTRAP_SERVERS": address, "KAFKA_SESSION_TIMEOUT_MS": "6000",
                "KAFKA_HEARTBEAT_INTERVAL_MS": "500", "DATABASE_URL": database,
            ].merging(environment) { $1 }, log: "\(directory)/worker-\(started).log")
        workers[number] = worker
        return worker
    }
    private var tableWorker: (number: Int, database: String)?

    /// Kills the broker, and starts it again over the same files at the same address.
    func restartBroker() throws {
        broker?.kill()
        started += 1
        let log = "\(directory)/broker-\(started).log"
        let next = try WorkerProcess(
            ["dev", "broker", "--data", "\(directory)/broker", "--listen", address], log: log)
        broker = next
        try TestCluster.eventually("the broker listens again: \(next.text)") { () -> Void? in
            next.text.contains("listening on ") ? () : nil
        }
    }

    /// The numbers of the workers.
    var numbers: [Int] { workers.keys.sorted() }

    /// Waits until every worker runs: one that finds no database when it starts ends.
    func waitForStarts() throws {
        try TestCluster.eventually("workers start; \(failures)") { () -> Void? in
            workers.values.allSatisfy { $0.text.contains("running ") } ? () : nil
        }
    }

    /// Kills a worker and starts another in its place.
    func replaceWorker(_ number: Int) throws {
        workers[number]?.kill()
        if let tableWorker, tableWorker.number == number {
            try startTableWorker(number, database: tableWorker.database)
        } else {
            try startWorker(number)
        }
    }

    /// Kills a worker and starts another that keeps the table in its place.
    func replaceTableWorker(_ number: Int, database: String) throws {
        workers[number]?.kill()
        try startTableWorker(number, database: database)
    }

    /// The values of a topic's committed records, as of now.
    func read(_ topic: String) throws -> [[UInt8]] {
        let reader = try KafkaReader(configuration, KafkaReaderOptions(.byHand()))
        defer { reader.close() }
        var values: [[UInt8]] = []
        for number in 0..<(try reader.partitionCount(of: topic)) {
            let partition = TopicPartition(topic: topic, partition: number)
            try reader.assign([partition: Offset(0)])
            try TestCluster.eventually("the end of \(partition)") { () -> Void? in
                let end = try reader.read(partition, maximum: 1_024) { batch in
                    for record in batch.records {
                        values.append(record.value.map { Array($0) } ?? [])
                    }
                }
                return end == nil ? nil : ()
            }
        }
        return values
    }

    /// Waits until more of the shuffle's records are committed than when it was called last.
    func waitForOutput() throws {
        let reader = try KafkaReader(configuration, KafkaReaderOptions(.byHand()))
        defer { reader.close() }
        try TestCluster.eventually("workers write to the shuffle; \(failures)") { () -> Void? in
            var end: Int64 = 0
            for partition in 0..<LineLoad.partitions {
                let shuffle = TopicPartition(topic: TestCluster.shuffle, partition: partition)
                end += (try? reader.bounds(of: shuffle))?.end.rawValue ?? 0
            }
            guard end > seenEnd else { return nil }
            seenEnd = end
            return ()
        }
    }
    private var seenEnd: Int64 = 0

    /// What workers said that stopped of themselves.
    var failures: String {
        workers.sorted { $0.key < $1.key }.filter { !$0.value.isRunning }
            .map { "worker \($0.key) ended: \($0.value.text.suffix(600))" }
            .joined(separator: "\n")
    }

    /// Asks the workers for an orderly end.
    func stopWorkers() {
        for worker in workers.sorted(by: { $0.key < $1.key }) { worker.value.stop() }
        workers = [:]
    }

    func stop() {
        stopWorkers()
        broker?.stop()
    }

    @discardableResult
    static func eventually<T>(
        _ what: @autoclosure () -> String, idle: () -> Void = { usleep(20_000) },
        _ step: () throws -> T?
    ) throws -> T {
        let end = ContinuousClock.now + deadline
        while ContinuousClock.now < end {
            if let value = try step() { return value }
            idle()
        }
        throw DataflowError(
            .limitExceeded, domain: .internal, "waited in vain until \(what())")
    }
}
