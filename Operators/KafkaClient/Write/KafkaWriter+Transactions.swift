internal import CRdKafka
package import Records

/// Transactions of a writer that was made with a transactional id.
///
/// After any error that is neither retriable nor abortable the outcome is unknown: close the
/// writer, make another with the same id, and read what the group committed.
extension KafkaWriter {
    /// Takes the transactional id over; once for a writer, before its first transaction.
    ///
    /// Earlier writers with the same id are fenced, and what they left open is aborted.
    package func initTransactions(timeoutMilliseconds: Int) throws {
        try step("initialising transactions") {
            rd_kafka_init_transactions($0, milliseconds(timeoutMilliseconds))
        }
    }

    /// Begins a transaction; what is written from now on belongs to it.
    package func beginTransaction() throws {
        try step("beginning a transaction") { rd_kafka_begin_transaction($0) }
    }

    /// Makes a group's offsets part of the transaction.
    package func sendOffsets(
        _ offsets: [TopicPartition: CommittedOffset], group: KafkaGroupMetadata,
        timeoutMilliseconds: Int
    ) throws {
        guard !offsets.isEmpty else { return }
        let list = PartitionList(capacity: offsets.count)
        for (partition, position) in offsets.sorted(by: { $0.key < $1.key }) {
            try position.check(partition)
            list.add(partition, position)
        }
        // The list is read during the call only.
        let raw = list.raw
        try step("sending offsets to a transaction") {
            rd_kafka_send_offsets_to_transaction(
                $0, raw, group.raw, milliseconds(timeoutMilliseconds))
        }
    }

    /// Writes out what is under way and commits; the reports come from ``KafkaWriter/poll()``.
    package func commitTransaction(timeoutMilliseconds: Int) throws {
        try step("committing a transaction") {
            rd_kafka_commit_transaction($0, milliseconds(timeoutMilliseconds))
        }
    }

    /// Drops what is under way and aborts.
    package func abortTransaction(timeoutMilliseconds: Int) throws {
        try step("aborting a transaction") {
            rd_kafka_abort_transaction($0, milliseconds(timeoutMilliseconds))
        }
    }

    private func step(_ doing: String, _ call: (OpaquePointer) -> OpaquePointer?) throws {
        try checkOpen()
        // Some steps serve delivery reports, also those that fail.
        defer { ledger.settleRun() }
        if let error = call(handle.raw) {
            throw TransactionError(consuming: error, doing)
        }
    }
}
