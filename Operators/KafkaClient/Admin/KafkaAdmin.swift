internal import CRdKafka
package import Records

/// Administration of a Kafka cluster: topics, their oldest records, groups' offsets.
///
/// Every call is answered within the request time-out. The mock cluster knows only
/// ``partitionCount(of:)``, ``topics()`` and ``committed(group:_:)`` for partitions that are named.
package final class KafkaAdmin {
    private let handle: ClientHandle
    private let timeout: Int
    private var closed = false

    /// Starts a client.
    package init(_ configuration: KafkaConfiguration, timeoutMilliseconds: Int = 15_000) throws {
        handle = try ClientHandle(
            .producer, configuration, settings: [], context: ClientContext(log: configuration.log))
        timeout = max(1, timeoutMilliseconds)
    }

    deinit { close() }

    /// Frees the client.
    package func close() {
        guard !closed else { return }
        closed = true
        handle.destroy()
    }

    // MARK: - Topics

    /// Makes topics; those that are there already are left as they are.
    ///
    /// - Parameters:
    ///   - replicas: copies of each partition; nil for the cluster's default.
    ///   - settings: what else is set of each, by Kafka's names.
    /// - Throws: the first failure, after all topics were tried.
    package func createTopics(
        _ specs: [TopicSpec], replicas: Int32? = nil, settings: [String: String] = [:]
    ) throws {
        guard !specs.isEmpty else { return }
        var topics: [OpaquePointer?] = []
        defer { for topic in topics { rd_kafka_NewTopic_destroy(topic) } }
        for spec in specs {
            var text = [CChar](repeating: 0, count: 512)
            let topic = rd_kafka_NewTopic_new(
                spec.name, spec.partitions, replicas ?? -1, &text, text.count)
            guard let topic else {
                throw DataflowError(
                    .invalidDefinition, domain: .user, "topic \(spec.name): \(string(text))")
            }
            topics.append(topic)
            for (name, value) in Self.settings(spec.retention) + settings.map({ ($0, $1) }) {
                rd_kafka_NewTopic_set_config(topic, name, value)
            }
        }
        let event = try request(RD_KAFKA_ADMIN_OP_CREATETOPICS, "creating topics") {
            client, options, queue in
            rd_kafka_CreateTopics(client, &topics, topics.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(
            rd_kafka_event_CreateTopics_result(event), &count)
        try check(
            results, count, "creating topic", ignoring: RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    }

    /// What a kind of retention means to Kafka.
    static func settings(_ retention: TopicSpec.Retention) -> [(String, String)] {
        switch retention {
        case .clusterDefault: []
        case .unlimited:
            [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")]
        case .compacted: [("cleanup.policy", "compact")]
        }
    }

    /// Deletes topics; those that are not there are none.
    package func deleteTopics(_ names: [String]) throws {
        guard !names.isEmpty else { return }
        var topics: [OpaquePointer?] = names.map { rd_kafka_DeleteTopic_new($0) }
        defer { for topic in topics { rd_kafka_DeleteTopic_destroy(topic) } }
        let event = try request(RD_KAFKA_ADMIN_OP_DELETETOPICS, "deleting topics") {
            client, options, queue in
            rd_kafka_DeleteTopics(client, &topics, topics.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_DeleteTopics_result_topics(
            rd_kafka_event_DeleteTopics_result(event), &count)
        try check(
            results, count, "deleting topic", ignoring: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    }

    /// How many partitions a topic has.
    package func partitionCount(of topic: String) throws -> Int32 {
        try checkOpen()
        return try handle.partitionCount(of: topic, timeoutMilliseconds: timeout)
    }

    /// All topics with their partition counts.
    package func topics() throws -> [String: Int32] {
        try metadata { metadata in
            var counts: [String: Int32] = [:]
            for topic in KafkaAdmin.topics(metadata) {
                counts[String(cString: topic.topic)] = topic.partition_cnt
            }
            return counts
        }
    }

    /// How many brokers there are, and how many copies each topic has of the partition that has the fewest.
    package func copies() throws -> (brokers: Int, copies: [String: Int]) {
        try metadata { metadata in
            var copies: [String: Int] = [:]
            for topic in KafkaAdmin.topics(metadata) {
                let partitions = UnsafeBufferPointer(
                    start: topic.partitions, count: Int(topic.partition_cnt))
                copies[String(cString: topic.topic)] = partitions.map { Int($0.replica_cnt) }.min()
            }
            return (Int(metadata.broker_cnt), copies)
        }
    }

    private static func topics(_ metadata: rd_kafka_metadata) -> [rd_kafka_metadata_topic] {
        UnsafeBufferPointer(start: metadata.topics, count: Int(metadata.topic_cnt))
            .filter { $0.err == RD_KAFKA_RESP_ERR_NO_ERROR }
    }

    private func metadata<T>(_ body: (rd_kafka_metadata) -> T) throws -> T {
        try checkOpen()
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle.raw, 1, nil, &metadata, milliseconds(timeout))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw KafkaFailure.error(code, "listing topics", detail: handle.context.detail)
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        return body(metadata.pointee)
    }

    // MARK: - Records and offsets

    /// Deletes the records below an offset of each partition.
    ///
    /// - Returns: the first offset that each partition still has.
    package func deleteRecords(
        below offsets: [TopicPartition: Offset]
    ) throws -> [TopicPartition: Offset] {
        guard !offsets.isEmpty else { return [:] }
        let list = PartitionList(capacity: offsets.count)
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            list.add(partition, CommittedOffset(offset: offset))
        }
        var requests = [rd_kafka_DeleteRecords_new(list.raw)]
        defer { rd_kafka_DeleteRecords_destroy_array(&requests, requests.count) }
        let event = try request(RD_KAFKA_ADMIN_OP_DELETERECORDS, "deleting records") {
            client, options, queue in
            rd_kafka_DeleteRecords(client, &requests, requests.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        let result = rd_kafka_DeleteRecords_result_offsets(
            rd_kafka_event_DeleteRecords_result(event))
        return try positions(result, "deleting records").mapValues(\.offset)
    }

    /// What a group committed, by partition.
    ///
    /// - Parameter partitions: which ones; nil for all that the group has committed.
    package func committed(
        group: String, _ partitions: [TopicPartition]? = nil
    ) throws -> [TopicPartition: CommittedOffset] {
        let list = PartitionList(partitions ?? [])
        var requests = [
            rd_kafka_ListConsumerGroupOffsets_new(group, partitions == nil ? nil : list.raw)
        ]
        defer { rd_kafka_ListConsumerGroupOffsets_destroy_array(&requests, requests.count) }
        let event = try request(
            RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, "listing the offsets of group \(group)"
        ) { client, options, queue in
            rd_kafka_ListConsumerGroupOffsets(client, &requests, requests.count, options, queue)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
        guard count > 0, let result = groups?[0] else { return [:] }
        if let error = rd_kafka_group_result_error(result) {
            throw KafkaFailure.error(
                rd_kafka_error_code(error), "listing the offsets of group \(group)")
        }
        return try positions(
            rd_kafka_group_result_partitions(result), "listing the offsets of group \(group)")
    }

    private func positions(
        _ list: UnsafePointer<rd_kafka_topic_partition_list_t>?, _ doing: String
    ) throws -> [TopicPartition: CommittedOffset] {
        guard let list else { return [:] }
        var result: [TopicPartition: CommittedOffset] = [:]
        let entries = UnsafeBufferPointer(
            start: list.pointee.elems, count: Int(list.pointee.cnt))
        for entry in entries {
            guard entry.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaFailure.error(entry.err, doing, partition: entry.topicPartition)
            }
            guard entry.offset >= 0 else { continue }
            result[entry.topicPartition] = CommittedOffset(
                offset: Offset(entry.offset), metadata: entry.note)
        }
        return result
    }

    // MARK: - Requests

    /// Sends a request and waits for its event, which the caller destroys.
    func request(
        _ operation: rd_kafka_admin_op_t, _ doing: String,
        _ send: (OpaquePointer, OpaquePointer?, OpaquePointer) -> Void
    ) throws -> OpaquePointer {
        try checkOpen()
        guard let queue = rd_kafka_queue_new(handle.raw) else {
            throw KafkaFailure.error(rd_kafka_last_error(), doing)
        }
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(handle.raw, operation)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = [CChar](repeating: 0, count: 512)
        rd_kafka_AdminOptions_set_request_timeout(
            options, milliseconds(timeout), &text, text.count)
        send(handle.raw, options, queue)
        // The request has its own time-out; the second one is for a client that doesn't answer.
        guard let event = rd_kafka_queue_poll(queue, milliseconds(timeout + 1_000)) else {
            throw KafkaFailure.error(
                RD_KAFKA_RESP_ERR__TIMED_OUT, doing, detail: handle.context.detail)
        }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            defer { rd_kafka_event_destroy(event) }
            let reason = rd_kafka_event_error_string(event).map { String(cString: $0) }
            throw KafkaFailure.error(code, doing, detail: reason ?? handle.context.detail)
        }
        return event
    }

    private func check(
        _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, _ doing: String,
        ignoring: rd_kafka_resp_err_t
    ) throws {
        guard let results else { return }
        for index in 0..<count {
            let code = rd_kafka_topic_result_error(results[index])
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR, code != ignoring else { continue }
            let name = rd_kafka_topic_result_name(results[index]).map { String(cString: $0) } ?? ""
            let reason = rd_kafka_topic_result_error_string(results[index])
            throw KafkaFailure.error(
                code, "\(doing) \(name)", detail: reason.map { String(cString: $0) })
        }
    }

    private func checkOpen() throws {
        guard closed else { return }
        throw DataflowError(.invariant, domain: .internal, "the kafka administrator is closed")
    }
}
