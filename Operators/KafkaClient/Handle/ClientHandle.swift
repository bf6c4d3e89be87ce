internal import CRdKafka
internal import Dispatch
internal import Records
internal import Synchronization

/// What librdkafka's callbacks of one client write to; it outlives the client.
final class ClientContext: @unchecked Sendable {
    // `membership` and `ledger` are set before the client exists; they and `failures` are used on
    // its polling thread only, the rest is safe on any thread: hence unchecked.
    let log: (@Sendable (Int, String) -> Void)?
    let complaint = Mutex<String>("")
    var membership: GroupMembership?
    var ledger: DeliveryLedger?
    var failures: [DataflowError] = []

    /// How many failures are kept between two polls.
    static let maximumFailures = 64

    init(log: (@Sendable (Int, String) -> Void)?) { self.log = log }

    /// What the client complained of most recently, for the sentence of an error.
    var detail: String? {
        complaint.withLock { $0.isEmpty ? nil : "the client last said: \($0)" }
    }

    static func from(_ opaque: UnsafeMutableRawPointer?) -> ClientContext? {
        opaque.map { Unmanaged<ClientContext>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// One instance of librdkafka.
final class ClientHandle {
    enum Kind { case consumer, producer }

    let raw: OpaquePointer
    let context: ClientContext
    private let kind: Kind
    /// Whether the client authenticates by SASL: then its credentials are not touched.
    private let authenticates: Bool
    private var destroyed = false
    /// Set when a request was given up that the client still holds: it would be waited for.
    var unanswered = false
    /// Set for a client that can't be freed: it stays, with its threads, until the process ends.
    var isAbandoned = false

    /// Starts a client's threads.
    ///
    /// - Parameters:
    ///   - settings: properties under the user's own.
    ///   - prepare: sets callbacks on the configuration.
    init(
        _ kind: Kind, _ configuration: KafkaConfiguration, settings: [(String, String)],
        context: ClientContext, prepare: (OpaquePointer?) -> Void = { _ in }
    ) throws {
        let conf = try configuration.makeConf(settings)
        rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(context).toOpaque())
        rd_kafka_conf_set_log_cb(conf) { client, level, facility, text in
            guard let client, let text else { return }
            guard let context = ClientContext.from(rd_kafka_opaque(client)) else { return }
            let facility = facility.map { String(cString: $0) } ?? ""
            context.log?(Int(level), "\(facility): \(String(cString: text))")
        }
        rd_kafka_conf_set_error_cb(conf) { client, code, reason, opaque in
            ClientHandle.failed(client, code, reason, ClientContext.from(opaque))
        }
        prepare(conf)
        var text = [CChar](repeating: 0, count: 512)
        let type = kind == .consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER
        guard let raw = rd_kafka_new(type, conf, &text, text.count) else {
            rd_kafka_conf_destroy(conf)
            throw DataflowError(
                .invalidConfiguration, domain: .user, "kafka client can't be made: \(string(text))")
        }
        self.raw = raw
        self.context = context
        self.kind = kind
        authenticates = configuration.properties.keys.contains { $0.hasPrefix("sasl.") }
        ClientStatistics.count(kind, 1)
    }

    deinit { destroy() }

    /// Frees the client; waits for its threads, unless they may be held up.
    ///
    /// librdkafka waits up to `session.timeout.ms` for a coordinator that does not answer; such a
    /// client is freed beside the caller.
    func destroy() {
        guard !destroyed else { return }
        destroyed = true
        if isAbandoned {
            // Its threads may still call back.
            _ = Unmanaged.passRetained(context)
            return
        }
        guard unanswered else { return Self.free(raw, kind) }
        let address = UInt(bitPattern: raw)
        DispatchQueue.global().async { [context, kind] in
            withExtendedLifetime(context) {
                if let raw = OpaquePointer(bitPattern: address) { Self.free(raw, kind) }
            }
        }
    }

    private static func free(_ raw: OpaquePointer, _ kind: Kind) {
        // A consumer was closed before, or failed to within its time: don't wait for it again.
        if kind == .consumer {
            rd_kafka_destroy_flags(raw, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        } else {
            rd_kafka_destroy(raw)
        }
        ClientStatistics.count(kind, -1)
    }

    /// Wakes the client's network threads, so that they look at once which queues have room.
    ///
    /// librdkafka 2.0.2 stops fetching when the queues of all of a broker's partitions are full and then sleeps
    /// up to a second, whatever is taken out meanwhile (later versions have `fetch.queue.backoff.ms`). Of its
    /// public calls, setting credentials wakes those threads and does nothing else to a client that does not
    /// authenticate.
    func wakeNetwork() {
        guard !authenticates else { return }
        if let error = rd_kafka_sasl_set_credentials(raw, "", "") { rd_kafka_error_destroy(error) }
    }

    /// How many partitions the cluster says a topic has.
    func partitionCount(of topic: String, timeoutMilliseconds: Int) throws -> Int32 {
        guard let handle = rd_kafka_topic_new(raw, topic, nil) else {
            throw KafkaFailure.error(rd_kafka_last_error(), "topic \(topic)")
        }
        defer { rd_kafka_topic_destroy(handle) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(raw, 0, handle, &metadata, milliseconds(timeoutMilliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw KafkaFailure.error(
                code, "describing topic \(topic)", detail: context.detail)
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        let topics = UnsafeBufferPointer(
            start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt))
        for entry in topics where String(cString: entry.topic) == topic {
            guard entry.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaFailure.error(entry.err, "describing topic \(topic)")
            }
            guard entry.partition_cnt > 0 else { break }
            return entry.partition_cnt
        }
        throw KafkaFailure.error(
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "describing topic \(topic)")
    }

    /// The error that put the client out of use, if any.
    var fatal: DataflowError? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(raw, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        var error = KafkaFailure.error(code, "the client failed for good", detail: string(text))
        // Whom the cluster doesn't allow to write it refuses again.
        if error.domain != .user { error.retry = .restart }
        return error
    }

    private static func failed(
        _ client: OpaquePointer?, _ code: Int32, _ reason: UnsafePointer<CChar>?,
        _ context: ClientContext?
    ) {
        guard let context else { return }
        let code = rd_kafka_resp_err_t(rawValue: code)
        let text = reason.map { String(cString: $0) } ?? ""
        context.complaint.withLock { $0 = "\(text) (\(KafkaFailure.name(code)))" }
        switch code {
        case RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__AUTHENTICATION,
            RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
            guard context.failures.count < ClientContext.maximumFailures else { return }
            var error = KafkaFailure.error(code, "kafka client", detail: text)
            if code == RD_KAFKA_RESP_ERR__FATAL, let client {
                var reason = [CChar](repeating: 0, count: 512)
                let fatal = rd_kafka_fatal_error(client, &reason, reason.count)
                error = KafkaFailure.error(
                    fatal, "the client failed for good", detail: string(reason))
            }
            context.failures.append(error)
        default: break  // Connections that come and go: librdkafka mends them.
        }
    }
}

/// A number of milliseconds as C takes it, within a day.
func milliseconds(_ value: Int) -> Int32 { Int32(min(max(0, value), 86_400_000)) }
