import Dataflow
import EngineWorkload
import Foundation
import KafkaClient
import Records
import Runtime

/// A worker that is killed while another one works beside it.
struct Takeover {
    static let sessionSeconds = 6.0
    private static let partitions: Int32 = 4
    private static let name = "takeover"
    private static let perRound = 4_000
    private static let timeout: Duration = .seconds(120)

    /// Seconds from kill -9 until a reader of what is committed has every output of what was sent behind the kill to
    /// all partitions: their first outputs, and their last.
    func measure() throws -> Double {
        let kafka = try BenchmarkKafka()
        defer { kafka.stop() }
        try BrokerBenchmarks.createTopic(
            kafka.servers, kafka.name("readings"), partitions: Takeover.partitions)
        let directory = URL(fileURLWithPath: ".millrace/bench-takeover-\(getpid())")
            .standardizedFileURL.path
        try? FileManager.default.removeItem(atPath: directory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let workers = try (0..<2).map { _ in try start(kafka, directory) }
        defer {
            for worker in workers where worker.isRunning {
                kill(worker.processIdentifier, SIGKILL)
                worker.waitUntilExit()
            }
        }
        let outputs = try Outputs(kafka)
        defer { outputs.close() }
        // Both are at work: their shares are published again and again.
        for _ in 0..<3 { _ = try secondsToPublish(kafka, outputs) }
        Thread.sleep(forTimeInterval: 5)
        _ = try secondsToPublish(kafka, outputs)
        kill(workers[0].processIdentifier, SIGKILL)
        workers[0].waitUntilExit()
        return try secondsToPublish(kafka, outputs)
    }

    private func start(_ kafka: BenchmarkKafka, _ directory: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            RekeyedRun.argument, kafka.servers, kafka.name("readings"), directory,
            kafka.name(Takeover.name), "1000", "exactly-once", "forever",
        ]
        try process.run()
        return process
    }

    /// Writes to all partitions; seconds until all of it has come out of the first stage.
    private func secondsToPublish(_ kafka: BenchmarkKafka, _ outputs: Outputs) throws -> Double {
        let start = ContinuousClock.now
        // Readings of this moment: older ones could be late.
        let age = Date().timeIntervalSince1970 * 1_000 - Double(Rekeyed.start)
        outputs.expect(
            try RekeyedBenchmark.produce(
                kafka.servers, kafka.name("readings"),
                first: Int(age) * Rekeyed.recordsPerSecond / 1_000,
                count: Takeover.perRound * Int(Takeover.partitions)))
        while try !outputs.areComplete() {
            guard ContinuousClock.now - start < Takeover.timeout else {
                throw BenchmarkFailure(description: "nobody took the partitions over")
            }
        }
        return (ContinuousClock.now - start).inSeconds
    }
}

extension Takeover {
    /// What a reader of committed records has seen of the topic behind the first stage: sums of readings.
    private final class Outputs {
        private let reader: KafkaReader
        private let places: [TopicPartition]
        private var isAssigned = false
        private var expected: UInt64 = 0
        private var seen: UInt64 = 0

        init(_ kafka: BenchmarkKafka) throws {
            reader = try KafkaReader(
                try KafkaConfiguration(bootstrapServers: kafka.servers),
                KafkaReaderOptions(.byHand()))
            let topic = "\(kafka.name(Takeover.name)).by-segment.repartition"
            places = (0..<Takeover.partitions).map { TopicPartition(topic: topic, partition: $0) }
        }

        /// So many more readings were sent that are to be summed up.
        func expect(_ more: Int) { expected += UInt64(more) }

        /// Reads what is there now.
        func areComplete() throws -> Bool {
            if !isAssigned {
                // The workers make the topic, and commit to it before anything is expected to be complete.
                for place in places { try reader.assign([place: Offset(0)]) }
                isAssigned = true
            }
            for place in places {
                _ = try reader.read(place, maximum: 1_024) { batch in
                    for record in batch.records {
                        guard case .record(_, var payload) = try ExchangeRecord(record) else {
                            continue
                        }
                        seen += try Rekeyed.Tally(from: &payload).inner.count
                    }
                }
            }
            guard seen <= expected else {
                throw BenchmarkFailure(description: "\(seen) of \(expected) came: some twice")
            }
            if seen < expected { reader.wait(milliseconds: 5) }
            return seen == expected
        }

        func close() { reader.close() }
    }
}
