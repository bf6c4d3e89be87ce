internal import CRdKafka
internal import Records

/// One partition's own queue, and what was taken from it and not handed over.
final class PartitionFetcher {
    typealias Message = UnsafeMutablePointer<rd_kafka_message_t>

    let partition: TopicPartition
    let queue: OpaquePointer
    /// Where reading goes on, for the sentence of an error.
    var next: Offset
    /// Whether the last thing seen was the partition's end.
    var atEnd = false
    /// An error met behind records that were handed over first.
    var failure: (code: rd_kafka_resp_err_t, text: String)?
    /// Messages behind that error.
    var held: [Message] = []

    /// Takes the partition's queue out of the group's, before anything is fetched.
    init?(_ client: OpaquePointer, _ partition: TopicPartition, at offset: Offset, wake: WakeSignal)
    {
        guard let queue = rd_kafka_queue_get_partition(client, partition.topic, partition.partition)
        else { return nil }
        self.partition = partition
        self.queue = queue
        next = offset
        rd_kafka_queue_forward(queue, nil)
        let opaque = Unmanaged.passUnretained(wake).toOpaque()
        rd_kafka_queue_cb_event_enable(
            queue,
            { _, opaque in
                guard let opaque else { return }
                Unmanaged<WakeSignal>.fromOpaque(opaque)._withUnsafeGuaranteedRef { $0.raise() }
            }, opaque)
    }

    /// Drops what is held, because the partition is fetched anew from ``next``.
    func beginAnew() {
        for message in held { rd_kafka_message_destroy(message) }
        held.removeAll()
        failure = nil
        atEnd = false
    }

    /// Drops what is held and lets go of the queue.
    deinit {
        for message in held { rd_kafka_message_destroy(message) }
        rd_kafka_queue_cb_event_enable(queue, nil, nil)
        rd_kafka_queue_destroy(queue)
    }
}
