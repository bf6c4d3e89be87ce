internal import CRdKafka
internal import Glibc
internal import Records

/// librdkafka's list of partitions, owned.
struct PartitionList: ~Copyable {
    let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(capacity: Int = 0) {
        raw = rd_kafka_topic_partition_list_new(Int32(clamping: capacity))
    }

    init(_ partitions: [TopicPartition]) {
        self.init(capacity: partitions.count)
        for partition in partitions { add(partition) }
    }

    deinit { rd_kafka_topic_partition_list_destroy(raw) }

    /// Adds a partition, with an offset and a note where they are given.
    func add(_ partition: TopicPartition, _ position: CommittedOffset? = nil) {
        guard
            let entry = rd_kafka_topic_partition_list_add(
                raw, partition.topic, partition.partition)
        else { return }
        guard let position else { return }
        entry.pointee.offset = position.offset.rawValue
        guard !position.metadata.isEmpty else { return }
        // The list frees it with C's `free`.
        entry.pointee.metadata = UnsafeMutableRawPointer(strdup(position.metadata))
        entry.pointee.metadata_size = position.metadata.utf8.count
    }

    var entries: UnsafeMutableBufferPointer<rd_kafka_topic_partition_t> {
        UnsafeMutableBufferPointer(start: raw.pointee.elems, count: Int(raw.pointee.cnt))
    }

    /// The partitions of a list that librdkafka owns.
    static func partitions(
        _ list: UnsafePointer<rd_kafka_topic_partition_list_t>?
    ) -> [TopicPartition] {
        guard let list else { return [] }
        return UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))
            .map(\.topicPartition)
    }
}

extension rd_kafka_topic_partition_t {
    var topicPartition: TopicPartition {
        TopicPartition(topic: topic.map { String(cString: $0) } ?? "", partition: partition)
    }

    var note: String {
        guard let metadata, metadata_size > 0 else { return "" }
        return String(
            decoding: UnsafeRawBufferPointer(start: metadata, count: metadata_size), as: UTF8.self)
    }
}

extension CommittedOffset {
    /// Checks that the note fits into a commit everywhere.
    func check(_ partition: TopicPartition) throws {
        guard offset.rawValue >= 0 else {
            throw DataflowError(
                .invariant, domain: .internal, "an offset to commit is negative",
                partition: partition, offset: offset)
        }
        guard metadata.utf8.count <= Self.maximumMetadataLength,
            metadata.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f })
        else {
            throw DataflowError(
                .limitExceeded, domain: .internal,
                "an offset's metadata must be at most \(Self.maximumMetadataLength) bytes of"
                    + " printable ASCII; it has \(metadata.utf8.count) bytes",
                partition: partition, offset: offset)
        }
    }
}
