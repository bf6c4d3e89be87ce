import CRdKafka
import Foundation
import KafkaClient
import Records

/// Reading and writing through the Kafka client, beside loops over librdkafka itself.
///
/// The broker is the embedded one in another process: this program, started again.
enum KafkaBenchmarks {
    static var all: [Benchmark] {
        [
            Benchmark(name: "kafka.read", run: read),
            Benchmark(name: "kafka.write", run: write),
            Benchmark(name: "kafka.window", run: KafkaWindowBenchmark.run),
        ]
    }

    static let topic = "bench"
    static let scratch = "scratch"
    static let partitions: Int32 = 64
    /// The bare reader stands still for a second whenever its one short queue is full.
    static let recordsPerPartition = 25_000
    static let valueBytes = 100
    static var records: Int { Int(partitions) * recordsPerPartition }

    /// The argument that makes this program a broker.
    static let brokerArgument = "--mock-broker"

    /// Runs the mock cluster until stdin closes.
    static func runBroker() throws {
        let cluster = try MockCluster()
        defer { cluster.close() }
        try cluster.createTopic(topic, partitions: partitions)
        try cluster.createTopic(scratch, partitions: partitions)
        print(cluster.bootstrapServers)
        fflush(nil)
        while readLine() != nil {}
    }

    /// The embedded broker in a process of its own, with the topics that these benchmarks use.
    static func embeddedBroker() throws -> BrokerProcess {
        let broker = try BrokerProcess(.embedded(flush: "1000"))
        for name in [topic, scratch] {
            try BrokerBenchmarks.createTopic(
                broker.bootstrapServers, name, partitions: partitions)
        }
        return broker
    }

    /// CPU time of all threads of this process, in nanoseconds.
    static func processTime() -> Double {
        // clock() and not clock_gettime(): which module owns timespec depends on who else is imported.
        Double(clock()) / Double(CLOCKS_PER_SEC) * 1e9
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    static func batch(_ topic: String, _ partition: Int32, _ count: Int) -> OutputBatch {
        var batch = OutputBatch(topics: [topic])
        var generator = SeededGenerator(seed: UInt64(partition))
        for _ in 0..<count {
            let start = batch.bytes.count
            // Bytes that no compression would shrink to nothing, as a record's are.
            for _ in 0..<valueBytes {
                batch.bytes.append(UInt8.random(in: 32...126, using: &generator))
            }
            batch.entries.append(
                OutputBatch.Entry(
                    topic: 0, partition: partition,
                    timestamp: EventTime(milliseconds: 1_479_772_800_000), key: nil,
                    value: start..<batch.bytes.count))
        }
        return batch
    }

    // MARK: - Reading

    static func read(_ report: inout BenchmarkReport) throws {
        let broker = try embeddedBroker()
        defer { broker.stop() }
        let configuration = try KafkaConfiguration(bootstrapServers: broker.bootstrapServers)
        let writer = try KafkaWriter(configuration)
        for partition in 0..<partitions {
            try writer.write(batch(topic, partition, recordsPerPartition), token: 1)
            try writer.flush(timeoutMilliseconds: 60_000)
            _ = writer.poll()
        }
        writer.close()
        var floors: [Double] = []
        var values: [Double] = []
        for _ in 0..<benchmarkRepetitions {
            floors.append(try bareReader(broker.bootstrapServers))
            values.append(try millraceReader(configuration))
        }
        report.add(
            "kafka.read", median(values), unit: "ns cpu/record", floor: median(floors),
            higherIsBetter: false)
        report.remark("whole-process CPU, librdkafka's threads included; \(records) records")
    }

    private static func millraceReader(_ configuration: KafkaConfiguration) throws -> Double {
        let reader = try KafkaReader(configuration, KafkaReaderOptions(.byHand()))
        defer { reader.close() }
        let list = (0..<partitions).map { TopicPartition(topic: topic, partition: $0) }
        let start = processTime()
        try reader.assign(Dictionary(uniqueKeysWithValues: list.map { ($0, Offset(0)) }))
        var seen = 0
        while seen < records {
            var now = 0
            for partition in list {
                _ = try reader.read(partition, maximum: 1_024) { now += $0.records.count }
            }
            seen += now
            if now == 0 { reader.wait(milliseconds: 10) }
        }
        return (processTime() - start) / Double(seen)
    }

    /// What librdkafka itself costs: the same settings and batch size, every partition in one queue (the
    /// cheapest way to read them), nothing kept.
    static func bareReader(
        _ servers: String, records: Int = KafkaBenchmarks.records
    ) throws -> Double {
        let conf = rd_kafka_conf_new()
        let settings = [
            "bootstrap.servers": servers, "group.id": "bare", "enable.auto.commit": "false",
            "enable.auto.offset.store": "false", "enable.partition.eof": "true",
            "auto.offset.reset": "error", "queued.max.messages.kbytes": "4096",
            "queued.min.messages": "16384", "fetch.wait.max.ms": "100",
        ]
        for (name, value) in settings { rd_kafka_conf_set(conf, name, value, nil, 0) }
        guard let client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nil, 0) else {
            throw BenchmarkFailure(description: "no bare consumer")
        }
        defer { rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
        rd_kafka_poll_set_consumer(client)
        let list = rd_kafka_topic_partition_list_new(partitions)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for partition in 0..<partitions {
            rd_kafka_topic_partition_list_add(list, topic, partition).pointee.offset = 0
        }
        let queue = rd_kafka_queue_get_consumer(client)
        defer { rd_kafka_queue_destroy(queue) }
        var messages = [UnsafeMutablePointer<rd_kafka_message_t>?](repeating: nil, count: 1_024)
        let start = processTime()
        rd_kafka_assign(client, list)
        var seen = 0
        while seen < records {
            let count = rd_kafka_consume_batch_queue(queue, 100, &messages, 1_024)
            for index in 0..<max(0, count) {
                if messages[index]?.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR { seen += 1 }
                rd_kafka_message_destroy(messages[index])
            }
        }
        return (processTime() - start) / Double(seen)
    }

    // MARK: - Writing

    static func write(_ report: inout BenchmarkReport) throws {
        let broker = try embeddedBroker()
        defer { broker.stop() }
        let configuration = try KafkaConfiguration(bootstrapServers: broker.bootstrapServers)
        let batches = (0..<partitions).map { batch(scratch, $0, 4_000) }
        let count = Int(partitions) * 4_000
        var floors: [Double] = []
        var values: [Double] = []
        for _ in 0..<benchmarkRepetitions {
            floors.append(try bareWriter(broker.bootstrapServers, batches))
            let writer = try KafkaWriter(
                configuration, KafkaWriterOptions(maximumRecords: 1_000_000))
            let start = processTime()
            for batch in batches {
                try writer.write(batch, token: 1)
                _ = writer.poll()
            }
            try writer.flush(timeoutMilliseconds: 60_000)
            _ = writer.poll()
            values.append((processTime() - start) / Double(count))
            writer.close()
        }
        report.add(
            "kafka.write", median(values), unit: "ns cpu/record", floor: median(floors),
            higherIsBetter: false)
        report.remark("floor: rd_kafka_produce_batch, which carries no timestamps")
    }

    private static func bareWriter(_ servers: String, _ batches: [OutputBatch]) throws -> Double {
        let conf = rd_kafka_conf_new()
        let settings = [
            "bootstrap.servers": servers, "enable.idempotence": "true", "linger.ms": "5",
            "queue.buffering.max.messages": "1000000",
        ]
        for (name, value) in settings { rd_kafka_conf_set(conf, name, value, nil, 0) }
        rd_kafka_conf_set_dr_msg_cb(conf) { _, _, _ in }
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nil, 0) else {
            throw BenchmarkFailure(description: "no bare producer")
        }
        defer { rd_kafka_destroy(client) }
        let topic = rd_kafka_topic_new(client, scratch, nil)
        defer { rd_kafka_topic_destroy(topic) }
        var messages = [rd_kafka_message_t](repeating: rd_kafka_message_t(), count: 4_000)
        let start = processTime()
        var taken = 0
        for batch in batches {
            batch.bytes.withUnsafeBytes { bytes in
                for (index, entry) in batch.entries.enumerated() {
                    let range = entry.value ?? 0..<0
                    messages[index].payload = bytes.baseAddress.map {
                        UnsafeMutableRawPointer(mutating: $0 + range.lowerBound)
                    }
                    messages[index].len = range.count
                }
                taken += Int(
                    rd_kafka_produce_batch(
                        topic, batch.entries.first?.partition ?? 0, RD_KAFKA_MSG_F_COPY, &messages,
                        Int32(batch.entries.count)))
            }
            rd_kafka_poll(client, 0)
        }
        rd_kafka_flush(client, 60_000)
        return (processTime() - start) / Double(max(1, taken))
    }
}
