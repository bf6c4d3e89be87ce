/// What a ``KafkaWriter`` may use and how long it may wait.
package struct KafkaWriterOptions: Sendable {
    /// The transactional id; nil for a writer without transactions.
    package var transactionalID: String?
    /// Records that may wait for their acknowledgement.
    package var maximumRecords: Int
    /// Their bytes, keys and values.
    package var maximumBytes: Int
    /// How long ``KafkaWriter/write(_:token:)`` waits for room.
    package var queueTimeoutMilliseconds: Int
    /// How long a record may wait for its acknowledgement before it has failed for good.
    package var deliveryTimeoutMilliseconds: Int
    /// How long records wait for company in a request.
    package var lingerMilliseconds: Int
    /// After how long without a commit the cluster aborts a transaction.
    package var transactionTimeoutMilliseconds: Int
    /// How long a question to the cluster may take.
    package var requestTimeoutMilliseconds: Int
    /// The most bytes that topics take in a batch of records (`max.message.bytes`), where that is known.
    package var batchBounds: [String: Int]

    /// Makes options.
    package init(
        transactionalID: String? = nil, maximumRecords: Int = 200_000,
        maximumBytes: Int = 128 * 1_048_576, queueTimeoutMilliseconds: Int = 5_000,
        deliveryTimeoutMilliseconds: Int = 60_000, lingerMilliseconds: Int = 5,
        transactionTimeoutMilliseconds: Int = 10_000, requestTimeoutMilliseconds: Int = 10_000,
        batchBounds: [String: Int] = [:]
    ) {
        self.transactionalID = transactionalID
        self.maximumRecords = max(1, maximumRecords)
        self.maximumBytes = max(1, maximumBytes)
        self.queueTimeoutMilliseconds = queueTimeoutMilliseconds
        self.deliveryTimeoutMilliseconds = deliveryTimeoutMilliseconds
        self.lingerMilliseconds = lingerMilliseconds
        self.transactionTimeoutMilliseconds = transactionTimeoutMilliseconds
        self.requestTimeoutMilliseconds = requestTimeoutMilliseconds
        self.batchBounds = batchBounds
    }

    /// What librdkafka takes in a record unless `message.max.bytes` says otherwise.
    static let defaultRecordBytes = 1_000_000
    /// What framing adds to a record and to its batch, at most.
    static let framingBytes = 160

    /// librdkafka's properties for these options.
    var settings: [(String, String)] {
        // The writer keeps the bounds itself, before it hands a batch over; librdkafka's are wider
        // so that they never cut a batch in two.
        let records = min(maximumRecords, 4_000_000) * 2
        let kilobytes = min(maximumBytes / 1_024 * 2 + 65_536, 2_097_151)
        var settings = [
            ("enable.idempotence", "true"), ("acks", "all"), ("partitioner", "murmur2_random"),
            ("linger.ms", String(max(0, lingerMilliseconds))),
            ("queue.buffering.max.messages", String(records)),
            ("queue.buffering.max.kbytes", String(kilobytes)),
        ]
        if let least = batchBounds.values.min(), least < KafkaWriterOptions.defaultRecordBytes {
            // A broker refuses a batch as a whole, however small its records are.
            settings.append(("batch.size", String(max(1, least))))
        }
        if let transactionalID {
            settings.append(("transactional.id", transactionalID))
            settings.append(("transaction.timeout.ms", String(transactionTimeoutMilliseconds)))
            // librdkafka refuses a delivery time-out beyond the transaction's.
            let delivery = min(deliveryTimeoutMilliseconds, transactionTimeoutMilliseconds)
            settings.append(("message.timeout.ms", String(delivery)))
            settings.append(("socket.timeout.ms", String(max(10, transactionTimeoutMilliseconds))))
        } else {
            settings.append(("message.timeout.ms", String(deliveryTimeoutMilliseconds)))
        }
        return settings
    }
}
