import CRdKafka
import Foundation

/// The embedded broker in a process of its own, loaded by librdkafka with messages of 100 bytes.
///
/// The peer is librdkafka's mock cluster under the same client: a broker that keeps 5 MB of a
/// partition in memory and writes nothing.
enum BrokerBenchmarks {
    static var all: [Benchmark] {
        [
            Benchmark(name: "broker.produce", run: produce),
            Benchmark(name: "broker.consume", run: consume),
            Benchmark(name: "broker.startup", run: startup),
        ]
    }

    static let messages = 2_000_000
    /// What the mock keeps of a partition of these messages.
    private static let mockMessages = 40_000
    private static let policy = "flush=1000 (the default): acks=all from the page cache"

    private static func median(_ values: [Double]) -> Double { KafkaBenchmarks.median(values) }

    static func createTopic(
        _ servers: String, _ name: String, partitions: Int32
    ) throws {
        let client = try BareKafka.client(RD_KAFKA_PRODUCER, [("bootstrap.servers", servers)])
        defer { rd_kafka_destroy(client) }
        var topic = rd_kafka_NewTopic_new(name, partitions, 1, nil, 0)
        // The records' times are long past.
        rd_kafka_NewTopic_set_config(topic, "retention.ms", "-1")
        let queue = rd_kafka_queue_new(client)
        defer { rd_kafka_queue_destroy(queue) }
        rd_kafka_CreateTopics(client, &topic, 1, nil, queue)
        let event = rd_kafka_queue_poll(queue, 10_000)
        defer { rd_kafka_event_destroy(event) }
        rd_kafka_NewTopic_destroy(topic)
        guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw BenchmarkFailure(description: "topic \(name) could not be created")
        }
    }

    // MARK: In

    static func produce(_ report: inout BenchmarkReport) throws {
        for partitions in [1, 4] as [Int32] {
            try produce(
                "broker.produce.\(partitions)p", flush: "1000", partitions: partitions,
                count: messages, &report)
        }
        report.remark("\(policy); peer: the mock cluster")
        try produce("broker.produce.ack", flush: "ack", partitions: 4, count: 500_000, &report)
        report.remark("flush=ack: an fsync before every acknowledgement, shared by what came in")
    }

    private static func produce(
        _ name: String, flush: String, partitions: Int32, count: Int,
        _ report: inout BenchmarkReport
    ) throws {
        let broker = try BrokerProcess(.embedded(flush: flush))
        defer { broker.stop() }
        let mock = try BrokerProcess(.mock)
        defer { mock.stop() }
        let (servers, mockServers) = (broker.bootstrapServers, mock.bootstrapServers)
        var rates: [Double] = []
        var peers: [Double] = []
        // One run before the clock counts, so that both brokers have their memory.
        for run in 0...benchmarkRepetitions {
            let topic = "produce-\(run)"
            try createTopic(servers, topic, partitions: partitions)
            let seconds = try BareKafka.produce(
                servers, topic, partitions: partitions, count: count)
            let kept = try BareKafka.messageCount(servers, topic, partitions: partitions)
            guard kept == count else {
                throw BenchmarkFailure(description: "\(topic) holds \(kept) of \(count)")
            }
            let peer = try BareKafka.produce(
                mockServers, "scratch", partitions: partitions, count: count)
            guard run > 0 else { continue }
            rates.append(Double(count) / seconds)
            peers.append(Double(count) / peer)
        }
        report.add(name, median(rates), unit: "messages/s", floor: median(peers))
        report.add(
            "\(name).memory", broker.peakMegabytes, unit: "MB resident at most",
            higherIsBetter: false)
    }

    // MARK: Out

    static func consume(_ report: inout BenchmarkReport) throws {
        let mock = try BrokerProcess(.mock)
        defer { mock.stop() }
        let mockPartitions = KafkaBenchmarks.partitions
        let mockCount = mockMessages * Int(mockPartitions)
        _ = try BareKafka.produce(
            mock.bootstrapServers, "scratch", partitions: mockPartitions, count: mockCount)
        let broker = try BrokerProcess(.embedded(flush: "1000"))
        defer { broker.stop() }
        let servers = broker.bootstrapServers
        for partitions in [1, 4] as [Int32] {
            let topic = "consume-\(partitions)"
            try createTopic(servers, topic, partitions: partitions)
            _ = try BareKafka.produce(servers, topic, partitions: partitions, count: messages * 2)
            var rates: [Double] = []
            var peers: [Double] = []
            for run in 0...benchmarkRepetitions {
                let seconds = try BareKafka.consume(
                    servers, topic, partitions: partitions, count: messages * 2)
                let peer = try BareKafka.consume(
                    mock.bootstrapServers, "scratch", partitions: mockPartitions,
                    count: mockCount / 2)
                guard run > 0 else { continue }
                rates.append(Double(messages * 2) / seconds)
                peers.append(Double(mockCount / 2) / peer)
            }
            report.add(
                "broker.consume.\(partitions)p", median(rates), unit: "messages/s",
                floor: median(peers))
        }
        report.remark("\(policy); peer: the mock cluster with \(mockPartitions) partitions")
        report.add(
            "broker.memory", broker.peakMegabytes, unit: "MB resident at most",
            higherIsBetter: false)
    }

    // MARK: The first message

    static func startup(_ report: inout BenchmarkReport) throws {
        var times: [Double] = []
        var floors: [Double] = []
        for _ in 0..<benchmarkRepetitions {
            let (listening, acknowledged) = try firstMessage()
            times.append(acknowledged)
            floors.append(listening)
        }
        report.add(
            "broker.startup", median(times) * 1_000, unit: "ms", floor: median(floors) * 1_000,
            higherIsBetter: false)
        report.remark(
            "from the start of the process to the first message acknowledged, on a topic that is "
                + "made for it; floor: until the broker listens")
    }

    /// Seconds until a new broker listens, and until it has a client's first message.
    private static func firstMessage() throws -> (listening: Double, acknowledged: Double) {
        let start = ContinuousClock.now
        let broker = try BrokerProcess(.embedded(flush: "1000"))
        defer { broker.stop() }
        let listening = (ContinuousClock.now - start).inSeconds
        let client = try BareKafka.client(
            RD_KAFKA_PRODUCER, [("bootstrap.servers", broker.bootstrapServers), ("linger.ms", "0")])
        defer { rd_kafka_destroy(client) }
        let handle = rd_kafka_topic_new(client, "startup", nil)
        defer { rd_kafka_topic_destroy(handle) }
        var payload = BareKafka.payload(100)
        let taken = rd_kafka_produce(
            handle, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, &payload, payload.count, nil, 0, nil
        )
        guard taken == 0, rd_kafka_flush(client, 10_000) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw BenchmarkFailure(description: "the first message did not arrive")
        }
        return (listening, (ContinuousClock.now - start).inSeconds)
    }
}
