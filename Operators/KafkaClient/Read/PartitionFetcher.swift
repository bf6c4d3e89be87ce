internal import CRdKafka
internal import Records
internal import Synchronization

/// One partition's own queue, and what was taken from it and not handed over.
final class PartitionFetcher {
    typealias Message = UnsafeMutablePointer<rd_kafka_message_t>

    let partition: TopicPartition
    let queue: OpaquePointer
    /// Where reading goes on, for the sentence of an error.
    var next: Offset
    /// The partition's end, if that was the last thing seen.
    var end: Offset?
    /// An error met behind records that were handed over first.
    var failure: (code: rd_kafka_resp_err_t, text: String)?
    /// Messages behind that error.
    var held: [Message] = []
    private var isDetached = false
    /// Records taken since the client was told that there is room.
    private var taken = 0
    /// After how many records the client is told.
    private static let wakeInterval = 4_096
    /// Whether the queue may have something: asking an empty one costs a system call.
    private let arrival: Arrival

    /// Takes the partition's queue out of the group's, before anything is fetched.
    init?(_ client: OpaquePointer, _ partition: TopicPartition, at offset: Offset, wake: WakeSignal)
    {
        guard let queue = rd_kafka_queue_get_partition(client, partition.topic, partition.partition)
        else { return nil }
        self.partition = partition
        self.queue = queue
        next = offset
        arrival = Arrival(wake)
        rd_kafka_queue_forward(queue, nil)
        let opaque = Unmanaged.passUnretained(arrival).toOpaque()
        rd_kafka_queue_cb_event_enable(
            queue,
            { _, opaque in
                guard let opaque else { return }
                Unmanaged<Arrival>.fromOpaque(opaque)._withUnsafeGuaranteedRef { $0.note() }
            }, opaque)
    }

    /// Takes up to `limit` messages from the queue.
    ///
    /// - Returns: their number; negative when the client failed.
    func consume(into messages: UnsafeMutablePointer<Message?>?, _ limit: Int) -> Int {
        guard arrival.take() else { return 0 }
        let count = rd_kafka_consume_batch_queue(queue, 0, messages, limit)
        // The client calls when an empty queue gets its first message, and this one may not be empty.
        if count >= limit || count < 0 { arrival.note() }
        return count
    }

    /// Whether so much was taken that the client is to look for more: what is asked after each
    /// ``consume(into:_:)``.
    func hasMadeRoom(_ count: Int, of limit: Int) -> Bool {
        guard count > 0 else { return false }
        taken += count
        guard count < limit || taken >= Self.wakeInterval else { return false }
        taken = 0
        return true
    }

    /// Drops what is held, because the partition is fetched anew from ``next``.
    func beginAnew() {
        for message in held { rd_kafka_message_destroy(message) }
        held.removeAll()
        failure = nil
        end = nil
    }

    /// Lets go of the client's queue: it is the same one for whoever reads the partition next, so this must not
    /// wait for the last reference, which a batch that is being handed over may hold.
    func detach() {
        guard !isDetached else { return }
        isDetached = true
        rd_kafka_queue_cb_event_enable(queue, nil, nil)
    }

    /// Drops what is held.
    deinit {
        detach()
        for message in held { rd_kafka_message_destroy(message) }
        rd_kafka_queue_destroy(queue)
    }
}

/// Whether a queue got something since it was last emptied; told on the client's threads.
private final class Arrival: Sendable {
    private let isThere = Atomic<Bool>(true)
    private let wake: WakeSignal

    init(_ wake: WakeSignal) { self.wake = wake }

    /// Something came.
    func note() {
        isThere.store(true, ordering: .sequentiallyConsistent)
        wake.raise()
    }

    /// Whether something came, which is to be fetched now.
    func take() -> Bool { isThere.exchange(false, ordering: .sequentiallyConsistent) }
}
