/// One record of a batch, in place: its bytes belong to the log's client and are gone with the batch.
public struct RecordView {
    /// The record's place in its partition.
    public var offset: Offset
    /// The time that its producer or the log gave it.
    public var timestamp: EventTime
    /// The key's bytes; nil for a record without one.
    public var key: UnsafeRawBufferPointer?
    /// The value's bytes; nil for a tombstone.
    public var value: UnsafeRawBufferPointer?

    /// Makes a view of bytes that outlive it.
    @inlinable
    public init(
        offset: Offset, timestamp: EventTime, key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?
    ) {
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
    }
}
