/// Neighbouring records of one partition, as the log's client handed them over.
///
/// Valid only during the call that received it: nothing in it may be kept without copying.
public struct RecordBatch {
    /// Where the records were read.
    public var partition: TopicPartition
    /// The records, in the order of their offsets.
    public var records: UnsafeBufferPointer<RecordView>

    /// Makes a batch over records that outlive it.
    @inlinable
    public init(partition: TopicPartition, records: UnsafeBufferPointer<RecordView>) {
        self.partition = partition
        self.records = records
    }

    /// The bytes of all keys and values.
    @inlinable
    public var bytes: Int {
        records.reduce(0) { $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0) }
    }

    /// The offset just behind the last record, where reading goes on; nil for an empty batch.
    @inlinable
    public var next: Offset? { records.last?.offset.next }
}
