internal import CRdKafka
internal import Records

/// Memory for one batch of messages and the views of them, used again for every batch.
final class BatchBuffer {
    typealias Message = UnsafeMutablePointer<rd_kafka_message_t>

    private(set) var messages: UnsafeMutableBufferPointer<Message?>
    private(set) var views: UnsafeMutableBufferPointer<RecordView>

    /// The greatest batch; a call that asks for more gets this much.
    static let maximum = 16_384

    init() {
        messages = .allocate(capacity: 1_024)
        views = .allocate(capacity: 1_024)
    }

    deinit {
        messages.deallocate()
        views.deallocate()
    }

    /// Makes room for a batch.
    func reserve(_ count: Int) {
        guard count > messages.count else { return }
        messages.deallocate()
        views.deallocate()
        messages = .allocate(capacity: count)
        views = .allocate(capacity: count)
    }

    /// Views of the messages up to the first error, ends of partition skipped.
    ///
    /// - Returns: the number of views, the index of the first error or `count`, and whether the
    ///   last thing before it was the partition's end (nil: there was nothing).
    func view(_ count: Int) -> (records: Int, stop: Int, atEnd: Bool?) {
        // One pass over memory that the C library has just written; bounds are the caller's.
        guard let source = messages.baseAddress, let target = views.baseAddress else {
            return (0, count, nil)
        }
        var written = 0
        var atEnd: Bool?
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        for index in 0..<count {
            guard let message = source[index] else { continue }
            let code = message.pointee.err
            if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                guard code == RD_KAFKA_RESP_ERR__PARTITION_EOF else {
                    return (written, index, atEnd)
                }
                atEnd = true
                continue
            }
            atEnd = false
            (target + written).initialize(
                to: RecordView(
                    offset: Offset(message.pointee.offset),
                    timestamp: EventTime(
                        milliseconds: rd_kafka_message_timestamp(message, &type)),
                    key: Self.bytes(message.pointee.key, message.pointee.key_len),
                    value: Self.bytes(message.pointee.payload, message.pointee.len)))
            written &+= 1
        }
        return (written, count, atEnd)
    }

    @inline(__always)
    private static func bytes(
        _ start: UnsafeMutableRawPointer?, _ count: Int
    ) -> UnsafeRawBufferPointer? {
        start.map { UnsafeRawBufferPointer(start: $0, count: count) }
    }
}
