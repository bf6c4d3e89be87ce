internal import CRdKafka
package import Records

/// Commits offsets for a group that nobody reads back, so that tools that know groups alone can show a lag.
///
/// At most one request is under way; what comes meanwhile waits in its place, the later offset of a partition
/// instead of the earlier. A commit that fails is counted and forgotten. Lives on the reader's thread.
final class GroupAnnouncer {
    /// Tells whoever finds such an offset where the truth lies.
    static let metadata = "decided in PostgreSQL"

    private let client: OpaquePointer
    private var queue: OpaquePointer?
    private var isUnderWay = false
    private var waiting: [TopicPartition: Offset] = [:]
    /// How many commits have failed.
    private(set) var failed = 0

    init(_ client: OpaquePointer) { self.client = client }

    /// Whether ``serve(_:)`` has something to do.
    var isBusy: Bool { isUnderWay || !waiting.isEmpty }

    /// Takes offsets for the next request.
    func add(_ offsets: [TopicPartition: Offset]) { waiting.merge(offsets) { $1 } }

    /// Hears of the request that is under way, and sends the next if the group stands still.
    ///
    /// - Parameter owned: the partitions that are the member's own; nil while the group divides them anew, when
    ///   a commit could cost the member its assignment.
    func serve(_ owned: Set<TopicPartition>?) {
        if isUnderWay { hear() }
        guard !isUnderWay, let owned else { return }
        let sending = waiting.filter { owned.contains($0.key) }
        // What is another member's by now is told by that one.
        waiting = [:]
        guard !sending.isEmpty else { return }
        let list = PartitionList(capacity: sending.count)
        for (partition, offset) in sending.sorted(by: { $0.key < $1.key }) {
            list.add(partition, CommittedOffset(offset: offset, metadata: Self.metadata))
        }
        let replies = queue ?? rd_kafka_queue_new(client)
        queue = replies
        let code = rd_kafka_commit_queue(client, list.raw, replies, nil, nil)
        isUnderWay = code == RD_KAFKA_RESP_ERR_NO_ERROR
        if !isUnderWay { failed += 1 }
    }

    private func hear() {
        guard let queue, let event = rd_kafka_queue_poll(queue, 0) else { return }
        defer { rd_kafka_event_destroy(event) }
        isUnderWay = false
        var isGood = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR
        if let results = rd_kafka_event_topic_partition_list(event) {
            let entries = UnsafeBufferPointer(
                start: results.pointee.elems, count: Int(results.pointee.cnt))
            isGood = isGood && entries.allSatisfy { $0.err == RD_KAFKA_RESP_ERR_NO_ERROR }
        }
        if !isGood { failed += 1 }
    }

    /// Frees the queue.
    ///
    /// - Returns: whether a request is still under way.
    func close() -> Bool {
        if isUnderWay { hear() }
        if let queue { rd_kafka_queue_destroy(queue) }
        queue = nil
        waiting = [:]
        return isUnderWay
    }
}

extension KafkaReader {
    package var failedAnnouncements: Int { announcer.failed }

    package func announce(_ offsets: [TopicPartition: Offset]) {
        guard case .group = options.membership else { return }
        announcer.add(offsets)
        serveAnnouncements()
    }

    func serveAnnouncements() {
        guard announcer.isBusy else { return }
        let isStill = membership.revoking.isEmpty && rd_kafka_assignment_lost(handle.raw) == 0
        announcer.serve(isStill ? membership.assigned : nil)
    }
}
