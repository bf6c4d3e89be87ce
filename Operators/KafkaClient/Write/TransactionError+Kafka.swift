internal import CRdKafka
internal import Records

extension TransactionError {
    /// Takes librdkafka's error object over.
    init(consuming object: OpaquePointer, _ doing: String) {
        let code = rd_kafka_error_code(object)
        let fatal = rd_kafka_error_is_fatal(object) != 0
        let abortable = rd_kafka_error_txn_requires_abort(object) != 0
        let retriable = rd_kafka_error_is_retriable(object) != 0
        let error = KafkaFailure.error(consuming: object, doing)
        if Self.fences.contains(code) {
            self.init(.fenced, error)
        } else if fatal {
            self.init(.fatal, error)
        } else if abortable {
            self.init(.abortable, error)
        } else if retriable {
            self.init(.retriable, error)
        } else {
            // Neither may be assumed: a new writer asks the cluster.
            self.init(.fatal, error)
        }
    }

    private static let fences: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
    ]
}
