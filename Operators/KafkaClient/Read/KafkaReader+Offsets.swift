internal import CRdKafka
package import Records

extension KafkaReader {
    package func committed(
        _ partitions: [TopicPartition]
    ) throws -> [TopicPartition: CommittedOffset] {
        try checkGroup("reading committed offsets")
        guard !partitions.isEmpty else { return [:] }
        let list = PartitionList(partitions)
        let code = rd_kafka_committed(
            handle.raw, list.raw, milliseconds(options.requestTimeoutMilliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw unknown(code, "reading committed offsets")
        }
        var result: [TopicPartition: CommittedOffset] = [:]
        for entry in list.entries {
            let partition = entry.topicPartition
            guard entry.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw unknown(entry.err, "reading a committed offset", partition)
            }
            guard entry.offset >= 0 else { continue }
            result[partition] = CommittedOffset(
                offset: Offset(entry.offset), metadata: entry.note)
        }
        return result
    }

    package func commit(_ offsets: [TopicPartition: CommittedOffset]) throws {
        try checkGroup("committing offsets")
        guard !offsets.isEmpty else { return }
        let list = PartitionList(capacity: offsets.count)
        for (partition, position) in offsets.sorted(by: { $0.key < $1.key }) {
            try position.check(partition)
            list.add(partition, position)
        }
        guard let queue = rd_kafka_queue_new(handle.raw) else {
            throw KafkaFailure.error(rd_kafka_last_error(), "committing offsets")
        }
        defer { rd_kafka_queue_destroy(queue) }
        // With a queue and a deadline: the synchronous call may wait for a coordinator for ever.
        let code = rd_kafka_commit_queue(handle.raw, list.raw, queue, nil, nil)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw unknown(code, "committing offsets")
        }
        let timeout = milliseconds(options.requestTimeoutMilliseconds)
        guard let event = rd_kafka_queue_poll(queue, timeout) else {
            handle.unanswered = true
            throw unknown(RD_KAFKA_RESP_ERR__TIMED_OUT, "committing offsets (outcome unknown)")
        }
        defer { rd_kafka_event_destroy(event) }
        if let results = rd_kafka_event_topic_partition_list(event) {
            let entries = UnsafeBufferPointer(
                start: results.pointee.elems, count: Int(results.pointee.cnt))
            for entry in entries where entry.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                throw unknown(entry.err, "committing an offset", entry.topicPartition)
            }
        }
        let outcome = rd_kafka_event_error(event)
        guard outcome == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw unknown(outcome, "committing offsets")
        }
    }

    package func bounds(of partition: TopicPartition) throws -> PartitionBounds {
        try checkOpen()
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_query_watermark_offsets(
            handle.raw, partition.topic, partition.partition, &low, &high,
            milliseconds(options.requestTimeoutMilliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw unknown(code, "asking for a partition's bounds", partition)
        }
        return PartitionBounds(earliest: Offset(low), end: Offset(high))
    }

    package func offset(of partition: TopicPartition, at time: EventTime) throws -> Offset? {
        try checkOpen()
        let list = PartitionList(capacity: 1)
        // Negative numbers have other meanings for the cluster; nothing lies before 1970 anyway.
        let milliseconds = max(0, time.milliseconds)
        list.add(partition, CommittedOffset(offset: Offset(milliseconds)))
        let code = rd_kafka_offsets_for_times(
            handle.raw, list.raw, KafkaClient.milliseconds(options.requestTimeoutMilliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw unknown(code, "asking for the offset of a time", partition)
        }
        guard let entry = list.entries.first else { return nil }
        guard entry.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw unknown(entry.err, "asking for the offset of a time", partition)
        }
        return entry.offset >= 0 ? Offset(entry.offset) : nil
    }

    package func partitionCount(of topic: String) throws -> Int32 {
        try checkOpen()
        return try handle.partitionCount(
            of: topic, timeoutMilliseconds: options.requestTimeoutMilliseconds)
    }

    private func unknown(
        _ code: rd_kafka_resp_err_t, _ doing: String, _ partition: TopicPartition? = nil
    ) -> DataflowError {
        let transport = [
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
            RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
        ].contains(code)
        return KafkaFailure.error(
            code, doing, detail: transport ? handle.context.detail : nil, partition: partition)
    }

    private func checkGroup(_ doing: String) throws {
        try checkOpen()
        guard case .byHand(nil) = options.membership else { return }
        throw DataflowError(
            .invariant, domain: .internal, "\(doing) needs a reader that names its group")
    }
}
