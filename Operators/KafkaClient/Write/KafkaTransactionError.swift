internal import CRdKafka
package import Records

/// Why a step of a transaction failed, and what is left to do.
package struct KafkaTransactionError: Error, CustomStringConvertible {
    /// What is left to do.
    package enum Remedy: String, Hashable, Sendable {
        /// The same step may be taken again.
        case retriable
        /// The transaction can only be aborted; the writer goes on.
        case abortable
        /// Another writer took the transactional id over: stop, somebody else owns the task.
        case fenced
        /// The writer is out of use; make another with the same transactional id.
        case fatal
    }

    /// What is left to do.
    package var remedy: Remedy
    /// What happened.
    package var error: DataflowError

    /// The remedy and the error.
    package var description: String { "\(remedy.rawValue): \(error)" }

    /// Takes librdkafka's error object over.
    init(consuming object: OpaquePointer, _ doing: String) {
        let code = rd_kafka_error_code(object)
        let fatal = rd_kafka_error_is_fatal(object) != 0
        let abortable = rd_kafka_error_txn_requires_abort(object) != 0
        let retriable = rd_kafka_error_is_retriable(object) != 0
        error = KafkaFailure.error(consuming: object, doing)
        if Self.fences.contains(code) {
            remedy = .fenced
            error.code = .fenced
        } else if fatal {
            remedy = .fatal
        } else if abortable {
            remedy = .abortable
        } else if retriable {
            remedy = .retriable
        } else {
            // Neither may be assumed: a new writer asks the cluster.
            remedy = .fatal
        }
        switch remedy {
        case .retriable: error.retry = .backoff
        case .abortable, .fatal, .fenced: error.retry = .restart
        }
    }

    private static let fences: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
    ]
}
