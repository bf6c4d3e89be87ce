package import Records

/// The steps of a transaction within the writer's own time-outs.
extension KafkaWriter: TransactionalWriter {
    /// How long one try to take a transactional id over waits for an answer.
    ///
    /// The thread's other stages wait, too, and its groups are not heard. The client goes on asking; the next try
    /// waits for the same answer.
    package static let takeOverTimeoutMilliseconds = 3_000

    package func takeOver() throws {
        try initTransactions(
            timeoutMilliseconds: min(
                KafkaWriter.takeOverTimeoutMilliseconds, options.transactionTimeoutMilliseconds))
    }

    package func begin() throws { try beginTransaction() }

    package func send(
        _ offsets: [TopicPartition: CommittedOffset], as identity: any GroupIdentity
    ) throws {
        guard let group = identity as? KafkaGroupMetadata else {
            throw DataflowError(
                .invariant, domain: .internal, "the identity is not that of a kafka group's member")
        }
        try sendOffsets(
            offsets, group: group, timeoutMilliseconds: options.transactionTimeoutMilliseconds)
    }

    package func commit() throws {
        try commitTransaction(timeoutMilliseconds: options.transactionTimeoutMilliseconds)
    }

    package func abort() throws {
        try abortTransaction(timeoutMilliseconds: options.transactionTimeoutMilliseconds)
    }
}
