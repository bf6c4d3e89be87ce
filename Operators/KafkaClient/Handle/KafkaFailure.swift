internal import CRdKafka
internal import Records

/// Turns librdkafka's errors into ours: kind, fault and retry, the C name kept in the sentence.
enum KafkaFailure {
    /// The error for a C code.
    ///
    /// - Parameters:
    ///   - doing: what was tried, as the beginning of a sentence.
    ///   - detail: what the client last complained of, when it explains the failure.
    static func error(
        _ code: rd_kafka_resp_err_t, _ doing: String, detail: String? = nil,
        partition: TopicPartition? = nil, offset: Offset? = nil
    ) -> DataflowError {
        let kind = classify(code)
        var message = "\(doing): \(String(cString: rd_kafka_err2str(code))) (\(name(code)))"
        if let detail, !detail.isEmpty { message += "; \(detail)" }
        return DataflowError(
            kind.code, domain: kind.domain, retry: kind.retry, message, partition: partition,
            offset: offset)
    }

    /// Takes an error object over: describes and destroys it.
    static func error(
        consuming object: OpaquePointer, _ doing: String, partition: TopicPartition? = nil
    ) -> DataflowError {
        defer { rd_kafka_error_destroy(object) }
        var result = error(rd_kafka_error_code(object), doing, partition: partition)
        result.message =
            "\(doing): \(String(cString: rd_kafka_error_string(object)))"
            + " (\(name(rd_kafka_error_code(object))))"
        if rd_kafka_error_is_retriable(object) != 0 && result.retry == .never {
            result.retry = .backoff
        }
        if rd_kafka_error_is_fatal(object) != 0 && result.retry == .backoff {
            result.retry = .restart
        }
        return result
    }

    /// Whether a cluster has refused records as they are too large, alone or together.
    static func isOfSize(_ code: rd_kafka_resp_err_t) -> Bool {
        code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
            || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE
    }

    /// librdkafka's name of a code, as in its documentation without the prefix.
    static func name(_ code: rd_kafka_resp_err_t) -> String {
        String(cString: rd_kafka_err2name(code))
    }

    private typealias Kind = (
        code: DataflowError.Code, domain: DataflowError.Domain, retry: DataflowError.Retry
    )

    private static func classify(_ code: rd_kafka_resp_err_t) -> Kind {
        switch code {
        case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
            RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
            RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR__FENCED,
            RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
            return (.fenced, .external, .restart)
        case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
            return (.offsetOutOfRange, .external, .restart)
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
            RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
            return (.limitExceeded, .user, .never)
        case RD_KAFKA_RESP_ERR__QUEUE_FULL:
            return (.limitExceeded, .external, .backoff)
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
            return (.logUnavailable, .user, .backoff)
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, RD_KAFKA_RESP_ERR__AUTHENTICATION,
            RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
            RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
            RD_KAFKA_RESP_ERR_INVALID_CONFIG, RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
            RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
            RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR__INVALID_ARG:
            return (.logUnavailable, .user, .never)
        case RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
            RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, RD_KAFKA_RESP_ERR__PURGE_QUEUE,
            RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE,
            RD_KAFKA_RESP_ERR__DESTROY:
            return (.logUnavailable, .external, .restart)
        case RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__CONFLICT:
            return (.invariant, .internal, .restart)
        case RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR__BAD_COMPRESSION,
            RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_INVALID_RECORD:
            return (.undecodable, .external, .never)
        default:
            // Transport, time-outs, elections, coordinators on the move: they pass.
            return (.logUnavailable, .external, .backoff)
        }
    }
}
