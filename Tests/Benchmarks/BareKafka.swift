import CRdKafka
import Foundation
import Records

/// A producer and a consumer that are librdkafka and nothing else: what loads a broker, and what
/// Millrace's own client is compared with.
enum BareKafka {
    static let messagesPerCall = 4_000

    static func client(
        _ type: rd_kafka_type_t, _ settings: [(String, String)]
    ) throws -> OpaquePointer {
        let conf = rd_kafka_conf_new()
        for (name, value) in settings {
            var reason = [CChar](repeating: 0, count: 256)
            guard rd_kafka_conf_set(conf, name, value, &reason, 256) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(conf)
                throw BenchmarkFailure(description: "\(name)=\(value) is not taken")
            }
        }
        guard let client = rd_kafka_new(type, conf, nil, 0) else {
            throw BenchmarkFailure(description: "no bare client")
        }
        return client
    }

    /// Bytes that no compression would shrink to nothing, as a record's are.
    static func payload(_ bytes: Int, seed: UInt64 = 1) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<bytes).map { _ in UInt8.random(in: 32...126, using: &generator) }
    }

    /// Sends `count` messages to the partitions in turn and waits until the broker has them all.
    ///
    /// - Returns: seconds from the first call to the last acknowledgement.
    static func produce(
        _ servers: String, _ topic: String, partitions: Int32, count: Int, bytes: Int = 100,
        settings: [(String, String)] = []
    ) throws -> Double {
        let client = try client(
            RD_KAFKA_PRODUCER,
            [
                ("bootstrap.servers", servers), ("linger.ms", "5"), ("acks", "all"),
                ("queue.buffering.max.messages", "1000000"),
            ] + settings)
        defer { rd_kafka_destroy(client) }
        let handle = rd_kafka_topic_new(client, topic, nil)
        defer { rd_kafka_topic_destroy(handle) }
        // The topic is known before the clock starts.
        _ = try endOffset(client, topic, 0)
        var content = payload(bytes * messagesPerCall)
        var messages = [rd_kafka_message_t](
            repeating: rd_kafka_message_t(), count: messagesPerCall)
        let start = ContinuousClock.now
        var sent = 0
        var turn: Int32 = 0
        content.withUnsafeMutableBytes { content in
            for index in messages.indices {
                messages[index].payload = content.baseAddress.map { $0 + index * bytes }
                messages[index].len = bytes
            }
            while sent < count {
                while rd_kafka_outq_len(client) > 400_000 { rd_kafka_poll(client, 1) }
                let wanted = min(messagesPerCall, count - sent)
                sent += Int(
                    rd_kafka_produce_batch(
                        handle, turn % partitions, RD_KAFKA_MSG_F_COPY, &messages, Int32(wanted)))
                turn += 1
            }
        }
        guard rd_kafka_flush(client, 100_000) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw BenchmarkFailure(description: "\(topic): not everything was acknowledged")
        }
        return (ContinuousClock.now - start).inSeconds
    }

    static func endOffset(
        _ client: OpaquePointer, _ topic: String, _ partition: Int32
    ) throws -> Int {
        var low: Int64 = 0
        var high: Int64 = 0
        let error = rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, 10_000)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw BenchmarkFailure(
                description: "\(topic)-\(partition): \(String(cString: rd_kafka_err2str(error)))")
        }
        return Int(high)
    }

    /// Messages in all partitions of a topic.
    static func messageCount(
        _ servers: String, _ topic: String, partitions: Int32
    ) throws -> Int {
        let client = try client(RD_KAFKA_CONSUMER, [("bootstrap.servers", servers)])
        defer { rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
        return try (0..<partitions).reduce(0) { try $0 + endOffset(client, topic, $1) }
    }

    /// Reads `count` messages from the beginning of all partitions.
    ///
    /// - Returns: seconds from the assignment to the last message, connecting included.
    static func consume(
        _ servers: String, _ topic: String, partitions: Int32, count: Int,
        settings: [(String, String)] = [], _ body: ((rd_kafka_message_t) -> Void)? = nil
    ) throws -> Double {
        let client = try client(
            RD_KAFKA_CONSUMER,
            [
                ("bootstrap.servers", servers), ("group.id", "bare"),
                ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
                ("fetch.wait.max.ms", "100"),
                // librdkafka 2.0.2 pauses for a second when its queue is full.
                ("queued.min.messages", "1000000"), ("queued.max.messages.kbytes", "1048576"),
            ] + settings)
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
        let start = ContinuousClock.now
        rd_kafka_assign(client, list)
        var seen = 0
        var silent = 0
        while seen < count {
            let taken = rd_kafka_consume_batch_queue(queue, 10, &messages, 1_024)
            for index in 0..<max(0, taken) {
                if let message = messages[index], message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR
                {
                    seen += 1
                    body?(message.pointee)
                }
                rd_kafka_message_destroy(messages[index])
            }
            silent = taken > 0 ? 0 : silent + 1
            if silent > 1_000 {
                throw BenchmarkFailure(description: "\(topic): \(seen) of \(count) came")
            }
        }
        return (ContinuousClock.now - start).inSeconds
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
