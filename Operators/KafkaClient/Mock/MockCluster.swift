internal import CRdKafka
internal import Records

/// Kafka brokers inside librdkafka, for tests and development.
///
/// They know produce, fetch, groups, offsets and transactions, keep 5 MB a partition in memory and
/// have neither administration nor read_committed. Topics are made here beforehand, through the
/// mock's own call.
package final class MockCluster {
    /// A kind of request, by Kafka's number for it.
    package enum Request: Int16, Sendable {
        case produce = 0
        case fetch = 1
        case listOffsets = 2
        case metadata = 3
        case offsetCommit = 8
        case offsetFetch = 9
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case syncGroup = 14
        case initProducerID = 22
        case addPartitionsToTransaction = 24
        case addOffsetsToTransaction = 25
        case endTransaction = 26
        case transactionalOffsetCommit = 28
    }

    private let handle: ClientHandle
    private let raw: OpaquePointer
    private var closed = false

    /// `host:port` of the brokers, on the loopback.
    package let bootstrapServers: String

    /// Starts brokers.
    ///
    /// - Throws: `.logUnavailable` when their sockets can't be opened.
    package init(brokers: Int = 1) throws {
        // The host client never connects to anything: port 9 is the discard service.
        let configuration = try KafkaConfiguration(bootstrapServers: "127.0.0.1:9")
        handle = try ClientHandle(
            .producer, configuration, settings: [], context: ClientContext(log: nil))
        guard let raw = rd_kafka_mock_cluster_new(handle.raw, Int32(clamping: max(1, brokers)))
        else {
            throw DataflowError(
                .logUnavailable, domain: .external, retry: .backoff,
                "the mock cluster could not open its sockets")
        }
        self.raw = raw
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(raw))
    }

    deinit { close() }

    /// Makes a topic.
    ///
    /// - Throws: when it exists or has no partition.
    package func createTopic(_ name: String, partitions: Int32, replicas: Int32 = 1) throws {
        let code = rd_kafka_mock_topic_create(raw, name, partitions, replicas)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaFailure.error(code, "making the mock topic \(name)")
        }
    }

    /// Makes the next requests of a kind fail, one with each of librdkafka's error codes.
    ///
    /// - Parameter codes: Kafka's numbers, `6` for NOT_LEADER_FOR_PARTITION; 0 lets one pass.
    package func fail(_ request: Request, codes: [Int32]) {
        let errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
        rd_kafka_mock_push_request_errors_array(raw, request.rawValue, errors.count, errors)
    }

    /// Forgets the failures that are still to come.
    package func clearFailures(_ request: Request) {
        rd_kafka_mock_clear_request_errors(raw, request.rawValue)
    }

    /// Cuts a broker's connections and refuses new ones, or lets them in again.
    package func setBroker(_ id: Int32, up: Bool) {
        if up {
            rd_kafka_mock_broker_set_up(raw, id)
        } else {
            rd_kafka_mock_broker_set_down(raw, id)
        }
    }

    /// Delays every answer of a broker.
    package func setRoundTrip(_ id: Int32, milliseconds: Int32) {
        rd_kafka_mock_broker_set_rtt(raw, id, milliseconds)
    }

    /// Stops the brokers.
    package func close() {
        guard !closed else { return }
        closed = true
        rd_kafka_mock_cluster_destroy(raw)
        handle.destroy()
    }
}
