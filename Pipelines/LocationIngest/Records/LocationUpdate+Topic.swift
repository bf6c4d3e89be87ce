public import Dataflow
public import Records

extension LocationUpdate: KeyedTopicRecord {
    /// The topic is divided by user.
    public static var topicKey: PartialKeyPath<LocationUpdate> { \.userID }

    /// Reads the message; what can't be a position is refused.
    public init(record: RecordView) throws(CodecError) {
        guard let value = record.value else { throw .malformed("a location without a value") }
        self = try LocationUpdateCodec.decode(value)
        guard !userID.isEmpty else { throw .malformed("a location without a user") }
    }

    /// The user, in the form in which every keyed stream writes a text.
    public func encodeKey(into writer: inout ByteWriter) -> Bool {
        userID.encode(into: &writer)
        return true
    }

    /// The Protobuf message.
    public func encodeValue(into writer: inout ByteWriter) -> Bool {
        LocationUpdateCodec.encode(self, into: &writer)
        return true
    }
}
