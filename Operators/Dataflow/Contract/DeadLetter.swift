public import Records

/// A record that a pipeline could not use, with everything that is needed to find out why and to send
/// it again.
public struct DeadLetter: Sendable, Hashable {
    /// The kind of failure.
    public var code: String
    /// One sentence for a person, without payload.
    public var reason: String
    /// Who refused the record.
    public var operatorID: OperatorID
    /// Where the record was read; nil for one that never was in the log.
    public var partition: TopicPartition?
    /// Its place there.
    public var offset: Offset?
    /// Its event time, or the time of its refusal.
    public var time: EventTime
    /// The original key.
    public var key: [UInt8]?
    /// The original bytes.
    public var value: [UInt8]?

    /// Makes a dead letter.
    public init(
        code: DataflowError.Code, reason: String, operatorID: OperatorID,
        partition: TopicPartition? = nil, offset: Offset? = nil, time: EventTime,
        key: [UInt8]? = nil, value: [UInt8]? = nil
    ) {
        self.code = code.rawValue
        self.reason = reason
        self.operatorID = operatorID
        self.partition = partition
        self.offset = offset
        self.time = time
        self.key = key
        self.value = value
    }

    /// Reason and place as the headers of a record in the dead-letter topic.
    public var headers: [RecordHeader] {
        var headers = [
            RecordHeader("millrace.code", code), RecordHeader("millrace.reason", reason),
            RecordHeader("millrace.operator", operatorID.rawValue),
        ]
        if let partition {
            headers.append(RecordHeader("millrace.topic", partition.topic))
            headers.append(RecordHeader("millrace.partition", String(partition.partition)))
        }
        if let offset { headers.append(RecordHeader("millrace.offset", String(offset.rawValue))) }
        return headers
    }
}
