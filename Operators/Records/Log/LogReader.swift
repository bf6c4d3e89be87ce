/// One member of a consumer group, or a reader of partitions that it was given by hand.
///
/// A reader belongs to one thread. Every call returns within a bounded time, and only ``wait(milliseconds:)``
/// waits for something to happen. Errors are ``DataflowError`` values.
public protocol LogReader: AnyObject {
    /// What the group has to say since the last call; serves the client's callbacks.
    ///
    /// Each `.revoked` and `.lost` must be answered by ``unassign(_:)`` before the group can go on.
    func poll() throws -> [GroupEvent]

    /// Starts reading partitions at the offsets given, beside those that are already read.
    func assign(_ positions: [TopicPartition: Offset]) throws

    /// Stops reading partitions; what was fetched of them and not read is dropped.
    func unassign(_ partitions: [TopicPartition]) throws

    /// Hands over what is there of a partition, at most `maximum` records, without waiting.
    ///
    /// A partition that is never asked for is never read further than its client prefetches: that is
    /// the whole of backpressure.
    ///
    /// - Parameter body: called at most once, with at least one record.
    /// - Returns: the partition's end if the reader stands at it (against the last stable offset, for a
    ///   reader of committed records); nil while more is known to be there or nothing is known yet. The end
    ///   may lie behind the last record, as transaction markers occupy offsets.
    func read(
        _ partition: TopicPartition, maximum: Int, _ body: (RecordBatch) throws -> Void
    ) throws -> Offset?

    /// Waits until ``poll()`` or ``read(_:maximum:_:)`` has something, or the time is over.
    func wait(milliseconds: Int)

    /// What the group committed for these partitions; a partition without a commit is absent.
    ///
    /// - Throws: a retriable error when it can't be known; never an absence instead.
    func committed(
        _ partitions: [TopicPartition]
    ) throws -> [TopicPartition: CommittedOffset]

    /// Commits for the group, synchronously.
    ///
    /// - Throws: `.fenced` when the group no longer knows this member or owns the partition elsewhere.
    func commit(_ offsets: [TopicPartition: CommittedOffset]) throws

    /// Tells the group how far decisions of another authority have come, for those who watch its lag.
    ///
    /// Nobody reads that back: nothing fails with it, and of two the later may be all that is told. It is told by
    /// ``poll()``, which now and then takes as long as a question to the cluster for it.
    func announce(_ offsets: [TopicPartition: Offset])

    /// How many times the group could not be told.
    var failedAnnouncements: Int { get }

    /// Who this member is now, for a transaction that commits the group's offsets; to be read immediately
    /// before it is used.
    ///
    /// - Throws: `.fenced` when the member has lost its place in the group.
    func identity() throws -> any GroupIdentity

    /// Whether the group has given all of these partitions to this member, as far as it has heard; a reader
    /// that is given its partitions by hand owns them all.
    func owns(_ partitions: [TopicPartition]) -> Bool

    /// Whether the group waits for partitions to be given back, so that ``unassign(_:)`` is an answer to it.
    var isGivingBack: Bool { get }

    /// What a partition holds now.
    func bounds(of partition: TopicPartition) throws -> PartitionBounds

    /// The first offset of a partition whose record is at or behind a time; nil behind the last.
    func offset(of partition: TopicPartition, at time: EventTime) throws -> Offset?

    /// How many partitions a topic has.
    func partitionCount(of topic: String) throws -> Int32

    /// Leaves the group and frees the client; no call may follow.
    func close()
}

extension LogReader {
    /// Tells nobody: a log without anybody who watches.
    public func announce(_ offsets: [TopicPartition: Offset]) {}
    /// None: nobody is told.
    public var failedAnnouncements: Int { 0 }
}
