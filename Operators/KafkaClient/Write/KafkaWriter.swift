internal import CRdKafka
package import Records

/// A log writer on librdkafka: idempotent unless the configuration says otherwise, keyless records
/// without a partition spread at random, every delivery report checked.
///
/// Kafka knows no time before 1970: an earlier timestamp is written as 1 ms after it.
package final class KafkaWriter: LogWriter {
    let options: KafkaWriterOptions
    let handle: ClientHandle
    let ledger: DeliveryLedger
    private let producer: RecordProducer
    /// What topics take, for all writers of a thread; nil: the options alone tell.
    private let bounds: TopicBounds?
    /// What the client takes in a record, framing included.
    private let messageBytes: Int
    private var topics: [String: OpaquePointer] = [:]
    private var counts: [String: (count: Int32, at: ContinuousClock.Instant)] = [:]
    private var readiness: DeliveryNotice?
    private var closed = false

    /// How many topics one writer writes at most.
    package static let maximumTopics = 4_096
    /// For how long a topic's partition count is believed.
    package static let partitionCountLifetime = Duration.seconds(30)

    /// Starts a client.
    ///
    /// - Parameters:
    ///   - bounds: what topics take, in place of what the options say; a writer that finds them to take less says
    ///     so there.
    ///   - notify: called on a client's thread when ``poll()`` has something; must be quick.
    package init(
        _ configuration: KafkaConfiguration, _ options: KafkaWriterOptions = .init(),
        bounds: TopicBounds? = nil, notify: (@Sendable () -> Void)? = nil
    ) throws {
        var options = options
        if let bounds { options.batchBounds = bounds.known }
        self.bounds = bounds
        let context = ClientContext(log: configuration.log)
        let ledger = DeliveryLedger()
        context.ledger = ledger
        handle = try ClientHandle(
            .producer, configuration, settings: options.settings, context: context
        ) { conf in
            rd_kafka_conf_set_dr_msg_cb(conf) { _, message, opaque in
                guard let message, let opaque else { return }
                Unmanaged<ClientContext>.fromOpaque(opaque)._withUnsafeGuaranteedRef {
                    $0.ledger?.delivered(message)
                }
            }
        }
        self.options = options
        messageBytes =
            configuration.properties["message.max.bytes"].flatMap { Int($0) }
            ?? KafkaWriterOptions.defaultRecordBytes
        self.ledger = ledger
        producer = RecordProducer(handle.raw)
        if let notify { readiness = DeliveryNotice(handle.raw, notify) }
    }

    deinit { close() }

    package func partitionCount(of topic: String) throws -> Int32 {
        try checkOpen()
        let now = ContinuousClock.now
        if let known = counts[topic], now - known.at < Self.partitionCountLifetime {
            return known.count
        }
        let count = try handle.partitionCount(
            of: topic, timeoutMilliseconds: options.requestTimeoutMilliseconds)
        if counts.count >= Self.maximumTopics { counts.removeAll() }
        counts[topic] = (count, now)
        return count
    }

    /// The most bytes of key, value and headers that client and topic take, as far as that is known.
    package func recordBound(of topic: String) -> Int {
        let bytes = min(messageBytes, options.batchBounds[topic] ?? .max)
        return max(0, bytes - KafkaWriterOptions.framingBytes)
    }

    // MARK: - Writing

    package func write(_ batch: OutputBatch, token: UInt64) throws {
        try checkOpen()
        let size = try check(batch)
        guard !batch.isEmpty else { return ledger.reportEmpty(token: token) }
        if let fatal = handle.fatal { throw fatal }
        let handles = try batch.topics.map { try topic($0) }
        try makeRoom(records: batch.entries.count, bytes: size)
        let slot = ledger.open(token: token, records: batch.entries.count)
        producer.begin(slot: slot)
        batch.bytes.withUnsafeBytes { bytes in
            var taken = 0
            for (index, entry) in batch.entries.enumerated() {
                if let error = producer.produce(entry, handles[entry.topic], bytes) {
                    ledger.took(bytes: taken)
                    abandon(batch, from: index, slot: slot, error)
                    return
                }
                taken += (entry.key?.count ?? 0) + (entry.value?.count ?? 0)
            }
            ledger.took(bytes: taken)
        }
    }

    /// Ends a batch at the first record that the client refused: what follows it in its partition
    /// must not overtake it.
    private func abandon(
        _ batch: OutputBatch, from index: Int, slot: Int, _ error: OpaquePointer
    ) {
        let entry = batch.entries[index]
        let place = TopicPartition(topic: batch.topics[entry.topic], partition: entry.partition)
        ledger.abandon(
            slot, records: batch.entries.count - index,
            KafkaFailure.error(consuming: error, "writing a record", partition: place))
    }

    /// The batch's size, once all its indices are known to be right.
    private func check(_ batch: OutputBatch) throws -> Int {
        let all = 0..<batch.bytes.count
        var size = 0
        for entry in batch.entries {
            let key = entry.key ?? 0..<0
            let value = entry.value ?? 0..<0
            guard batch.topics.indices.contains(entry.topic),
                key.lowerBound >= 0, key.upperBound <= all.upperBound,
                value.lowerBound >= 0, value.upperBound <= all.upperBound
            else {
                throw DataflowError(
                    .invariant, domain: .internal,
                    "an output batch refers to bytes or topics that it does not hold")
            }
            size += key.count + value.count
        }
        return size
    }

    private func makeRoom(records: Int, bytes: Int) throws {
        guard records <= options.maximumRecords, bytes <= options.maximumBytes else {
            throw DataflowError(
                .limitExceeded, domain: .internal,
                "an output batch of \(records) records and \(bytes) bytes exceeds the writer's"
                    + " queue of \(options.maximumRecords) records and \(options.maximumBytes) bytes"
            )
        }
        func full() -> Bool {
            ledger.outstandingRecords + records > options.maximumRecords
                || ledger.outstandingBytes + bytes > options.maximumBytes
        }
        guard full() else { return }
        let deadline = ContinuousClock.now + .milliseconds(options.queueTimeoutMilliseconds)
        repeat {
            serve(milliseconds: 20)
            if !full() { return }
        } while ContinuousClock.now < deadline
        throw DataflowError(
            .limitExceeded, domain: .external, retry: .backoff,
            "the writer's queue stayed full for \(options.queueTimeoutMilliseconds) ms with"
                + " \(ledger.outstandingRecords) records and \(ledger.outstandingBytes) bytes"
                + (handle.context.detail.map { "; \($0)" } ?? ""))
    }

    private func topic(_ name: String) throws -> OpaquePointer {
        if let known = topics[name] { return known }
        guard topics.count < Self.maximumTopics else {
            throw DataflowError(
                .limitExceeded, domain: .internal,
                "a writer writes at most \(Self.maximumTopics) topics")
        }
        guard let handle = rd_kafka_topic_new(handle.raw, name, nil) else {
            throw KafkaFailure.error(rd_kafka_last_error(), "writing to topic \(name)")
        }
        topics[name] = handle
        return handle
    }

    // MARK: - Reports

    package func poll() -> [DeliveryReport] {
        guard !closed else { return [] }
        serve(milliseconds: 0)
        return ledger.takeReports()
    }

    package func flush(timeoutMilliseconds: Int) throws {
        try checkOpen()
        let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
        while ledger.outstandingRecords > 0 {
            // In slices, because a failure elsewhere must not keep the caller for the whole time.
            rd_kafka_flush(handle.raw, 100)
            ledger.settleRun()
            if ContinuousClock.now >= deadline { break }
        }
        if let failure = ledger.failure { throw failure }
        guard ledger.outstandingRecords == 0 else {
            throw handle.fatal
                ?? KafkaFailure.error(
                    RD_KAFKA_RESP_ERR__TIMED_OUT,
                    "waiting for the acknowledgement of \(ledger.outstandingRecords) records",
                    detail: handle.context.detail)
        }
    }

    /// The error that put the writer out of use, if any: close it and make another.
    package var fatal: DataflowError? { closed ? nil : handle.fatal }

    /// Records that are not acknowledged yet.
    package var outstandingRecords: Int { ledger.outstandingRecords }

    private func serve(milliseconds: Int) {
        rd_kafka_poll(handle.raw, KafkaClient.milliseconds(milliseconds))
        ledger.settleRun()
    }

    // MARK: - Closing

    /// Whether a topic has refused records for their size, so that only another client can go on: this one puts
    /// too many into a batch.
    package var mustBeReplaced: Bool { !ledger.refusingTopics.isEmpty }

    /// Closes, and tells what became of everything.
    func giveUp() -> [DeliveryReport] {
        close()
        return ledger.endAll(
            DataflowError(
                .logUnavailable, domain: .external, retry: .restart,
                "the client was replaced, as a topic takes less than it did"))
    }

    func checkOpen() throws {
        guard closed else { return }
        throw DataflowError(.invariant, domain: .internal, "the kafka writer is closed")
    }

    package func close() {
        guard !closed else { return }
        closed = true
        if mustBeReplaced { bounds?.learn(ledger.refusingTopics) }
        readiness?.disconnect()
        // Without the purge the client would wait for records that nobody waits for any more.
        rd_kafka_purge(handle.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        rd_kafka_poll(handle.raw, 0)
        for topic in topics.values { rd_kafka_topic_destroy(topic) }
        topics.removeAll()
        handle.destroy()
    }
}
