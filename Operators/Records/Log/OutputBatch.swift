/// Records that a task wants written, encoded one behind the other in memory that the task owns and
/// uses again.
public struct OutputBatch: Sendable {
    /// One record: ranges of ``OutputBatch/bytes``.
    public struct Entry: Sendable {
        /// Index into ``OutputBatch/topics``.
        public var topic: Int
        /// The partition; negative: the client chooses one for the record, which has no key.
        public var partition: Int32
        /// The record's timestamp.
        public var timestamp: EventTime
        /// Where the key lies; nil for none.
        public var key: Range<Int>?
        /// Where the value lies; nil for a tombstone.
        public var value: Range<Int>?
        /// The record's headers.
        public var headers: [RecordHeader]

        /// Makes an entry.
        @inlinable
        public init(
            topic: Int, partition: Int32, timestamp: EventTime, key: Range<Int>?,
            value: Range<Int>?, headers: [RecordHeader] = []
        ) {
            self.topic = topic
            self.partition = partition
            self.timestamp = timestamp
            self.key = key
            self.value = value
            self.headers = headers
        }
    }

    /// The topics that entries point to.
    public var topics: [String]
    /// Keys and values.
    public var bytes: [UInt8] = []
    /// The records, in the order in which each partition must receive them.
    public var entries: [Entry] = []

    /// Starts empty, for records to these topics.
    @inlinable
    public init(topics: [String]) {
        self.topics = topics
    }

    /// Whether there is nothing to write.
    @inlinable
    public var isEmpty: Bool { entries.isEmpty }

    /// Forgets the records and keeps the memory.
    @inlinable
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }
}
