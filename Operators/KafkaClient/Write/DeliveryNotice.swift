internal import CRdKafka

/// Calls a closure when a producer's queue of delivery reports gets its first entry.
final class DeliveryNotice {
    private final class Target: Sendable {
        let notify: @Sendable () -> Void
        init(_ notify: @escaping @Sendable () -> Void) { self.notify = notify }
    }

    private let queue: OpaquePointer?
    private let target: Target

    init(_ client: OpaquePointer, _ notify: @escaping @Sendable () -> Void) {
        target = Target(notify)
        queue = rd_kafka_queue_get_main(client)
        guard let queue else { return }
        rd_kafka_queue_cb_event_enable(
            queue,
            { _, opaque in
                guard let opaque else { return }
                Unmanaged<Target>.fromOpaque(opaque)._withUnsafeGuaranteedRef { $0.notify() }
            }, Unmanaged.passUnretained(target).toOpaque())
    }

    /// Ends the calls; before the client is destroyed.
    func disconnect() {
        guard let queue else { return }
        rd_kafka_queue_cb_event_enable(queue, nil, nil)
        rd_kafka_queue_destroy(queue)
    }
}
