public import Records

/// A value with a form on a topic that others may read: key and value bytes.
///
/// The key decides the partition and, in a compacted topic, the identity; a record without a value is a
/// tombstone: whatever was known of the key no longer holds.
public protocol TopicRecord {
    /// Reads a record; the bytes are gone when the call returns.
    init(record: RecordView) throws(CodecError)
    /// Writes the key's bytes.
    ///
    /// - Returns: false for a record without a key.
    func encodeKey(into writer: inout ByteWriter) -> Bool
    /// Writes the value's bytes.
    ///
    /// - Returns: false for a tombstone.
    func encodeValue(into writer: inout ByteWriter) -> Bool
}

/// A topic record whose partition is chosen by one of its properties: keying a stream by that property
/// needs no shuffle.
public protocol KeyedTopicRecord: TopicRecord {
    /// The property whose encoded bytes are the record's key.
    static var topicKey: PartialKeyPath<Self> { get }
}
