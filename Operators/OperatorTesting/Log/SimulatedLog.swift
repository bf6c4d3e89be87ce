public import Records

/// A log in memory: topics, partitions and consumer groups, for one thread.
///
/// It behaves as Kafka does where the engine can tell: records of a partition keep their order, a group hands
/// a partition on only when its owner has let go of it, a member that the group has forgotten can't commit.
public final class SimulatedLog {
    /// A record as the log keeps it.
    public struct Record: Hashable, Sendable {
        /// The time that its producer gave it.
        public var timestamp: EventTime
        /// The key; nil for none.
        public var key: [UInt8]?
        /// The value; nil for a tombstone.
        public var value: [UInt8]?
        /// The headers.
        public var headers: [RecordHeader] = []

        /// Makes a record.
        public init(
            timestamp: EventTime, key: [UInt8]?, value: [UInt8]?, headers: [RecordHeader] = []
        ) {
            self.timestamp = timestamp
            self.key = key
            self.value = value
            self.headers = headers
        }
    }

    private var topics: [String: [SimulatedPartition]] = [:]
    private var groups: [String: SimulatedGroup] = [:]
    private let transactions = SimulatedTransactions()
    private var lastWriter = 0
    /// The time before which no open transaction was begun, as of the last look.
    private var expired: EventTime?
    /// What the log takes for the time; transactions that stay open are timed by it.
    public var clock: any EventClock = ManualClock(EventTime(milliseconds: 0))
    /// After how long an open transaction is aborted and its producer fenced.
    public var transactionTimeoutMilliseconds: Int64 = 10_000
    /// What goes wrong; nil: nothing.
    public var faults: FaultPlan?

    /// The most bytes of key, value and headers that writers may send in a record.
    public var recordBound = Int.max

    /// Whether the log takes nothing: neither output nor the end of a transaction.
    public var isFull = false

    /// Makes an empty log.
    public init() {}

    /// Makes a topic.
    ///
    /// - Throws: `.invalidConfiguration` when the name is taken or there are no partitions.
    public func createTopic(_ name: String, partitions: Int32) throws {
        guard topics[name] == nil, partitions > 0 else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "topic \(name) is there already, or has no partitions")
        }
        topics[name] = Array(repeating: SimulatedPartition(), count: Int(partitions))
    }

    /// Adds partitions to a topic; groups that read it hear of them.
    public func addPartitions(to topic: String, count: Int32) throws {
        let present = try partitionCount(of: topic)
        for _ in present..<max(present, count) { topics[topic]?.append(SimulatedPartition()) }
        for group in groups.values { group.grow(topic, partitions: count) }
    }

    /// Takes the records of a partition below an offset, as retention does.
    public func deleteRecords(of partition: TopicPartition, below offset: Offset) {
        topics[partition.topic]?[Int(partition.partition)].delete(below: Int(offset.rawValue))
    }

    /// How many partitions a topic has.
    public func partitionCount(of topic: String) throws -> Int32 {
        guard let partitions = topics[topic] else {
            throw DataflowError(
                .logUnavailable, domain: .external, "there is no topic \(topic)")
        }
        return Int32(partitions.count)
    }

    /// The records of a partition that a reader of committed records sees, from its first; empty for one that
    /// isn't there.
    public func records(_ partition: TopicPartition) -> [Record] {
        found(partition)?.visible(from: 0, maximum: .max).records.map(\.record) ?? []
    }

    /// The records of all partitions of a topic, one partition behind the other.
    public func records(of topic: String) -> [Record] {
        topics[topic]?.flatMap { $0.visible(from: 0, maximum: .max).records.map(\.record) } ?? []
    }

    /// Which client has appended each of ``records(of:)``, by its number.
    func writers(of topic: String) -> [Int] {
        topics[topic]?.flatMap { $0.visible(from: 0, maximum: .max).records.map(\.writer) } ?? []
    }

    /// The offset behind what a reader of committed records sees of a partition.
    public func end(of partition: TopicPartition) -> Offset {
        Offset(Int64(found(partition)?.lastStableOffset ?? 0))
    }

    /// Whether a transaction is open that has written to a topic.
    public func hasOpenTransaction(in topic: String) -> Bool {
        topics[topic]?.contains { $0.lastStableOffset < $0.end } ?? false
    }

    func found(_ partition: TopicPartition) -> SimulatedPartition? {
        guard let partitions = topics[partition.topic], partition.partition >= 0,
            Int(partition.partition) < partitions.count
        else { return nil }
        return partitions[Int(partition.partition)]
    }

    /// Appends a record.
    ///
    /// - Throws: `.logUnavailable` for a partition that isn't there.
    public func append(_ record: Record, to partition: TopicPartition) throws {
        try append(record, to: partition, transaction: nil, writer: 0)
    }

    func append(
        _ record: Record, to partition: TopicPartition, transaction: UInt64?, writer: Int
    ) throws {
        let count = try partitionCount(of: partition.topic)
        guard (0..<count).contains(partition.partition) else {
            throw DataflowError(
                .logUnavailable, domain: .external, "there is no such partition",
                partition: partition)
        }
        topics[partition.topic]?[Int(partition.partition)]
            .append(record, transaction: transaction, writer: writer)
    }

    /// What a group has committed.
    public func committed(_ group: String) -> [TopicPartition: CommittedOffset] {
        groups[group]?.offsets ?? [:]
    }

    /// Loses what a group has committed, as a cluster does after weeks of silence.
    public func forgetOffsets(of group: String) { groups[group]?.forgetOffsets() }

    /// A client that appends.
    public func makeWriter() -> SimulatedWriter {
        lastWriter += 1
        let number = lastWriter
        return SimulatedWriter(self) { [self] in
            try append($0, to: $1, transaction: nil, writer: number)
        }
    }

    /// A client that appends in transactions.
    public func makeWriter(transactionalID: String) -> SimulatedTransactionalWriter {
        SimulatedTransactionalWriter(self, id: transactionalID)
    }

    /// A client that reads partitions it is given by hand, and commits for a group where one is named.
    public func makeReader(group: String? = nil) -> SimulatedReader {
        SimulatedReader(self, group: group.map { self.group($0) }, member: nil)
    }

    /// A member of a group.
    public func makeMember(group name: String, topics: [String]) throws -> SimulatedReader {
        let group = group(name)
        for topic in topics { group.subscribe(topic, partitions: try partitionCount(of: topic)) }
        return SimulatedReader(self, group: group, member: group.join())
    }

    private func group(_ name: String) -> SimulatedGroup {
        if let group = groups[name] { return group }
        let group = SimulatedGroup(name)
        groups[name] = group
        return group
    }
}

// MARK: Transactions

extension SimulatedLog {
    /// Gives an id to a new producer, and aborts what the one before has left open.
    ///
    /// - Returns: the producer's epoch.
    func takeOver(_ id: String) -> Int {
        let (epoch, left) = transactions.takeOver(id)
        if let left { end(left, isCommitted: false) }
        return epoch
    }

    func append(
        _ record: Record, to partition: TopicPartition, as id: String, epoch: Int
    ) throws {
        let number = try transactions.change(id, epoch: epoch, now: clock.now()) { transaction in
            transaction.partitions.insert(partition)
            return transaction.number
        }
        // One of an id's clients at a time can write, so that it is the id that counts.
        try append(record, to: partition, transaction: number, writer: 0)
    }

    /// Makes offsets part of a transaction, as a group's coordinator does: it looks at member and generation
    /// and at nothing else, and not even at those of somebody who names neither.
    func send(
        _ offsets: [TopicPartition: CommittedOffset], as identity: SimulatedIdentity, id: String,
        epoch: Int
    ) throws {
        try transactions.change(id, epoch: epoch, now: clock.now()) { transaction in
            if !transactions.ignoresEpochs { try identity.group.check(identity) }
            try SimulatedGroup.checkMetadata(offsets)
            transaction.offsets[identity.group.name, default: [:]].merge(offsets) { $1 }
        }
    }

    func end(_ id: String, epoch: Int, isCommitted: Bool) throws {
        if let transaction = try transactions.end(id, epoch: epoch) {
            end(transaction, isCommitted: isCommitted)
        }
    }

    private func end(_ transaction: SimulatedTransactions.Transaction, isCommitted: Bool) {
        for partition in transaction.partitions.sorted() {
            topics[partition.topic]?[Int(partition.partition)]
                .end(transaction.number, isCommitted: isCommitted)
        }
        guard isCommitted else { return }
        for (group, offsets) in transaction.offsets { self.group(group).apply(offsets) }
    }

    /// Lets fenced producers and strangers commit; for the tests of the tests.
    func ignoreFencing() { transactions.ignoresEpochs = true }

    /// Aborts what has been open for too long; to be called when the clock has moved.
    public func expireTransactions() {
        let oldest = clock.now().advanced(byMilliseconds: -transactionTimeoutMilliseconds)
        if oldest == expired { return }
        expired = oldest
        for transaction in transactions.expire(before: oldest) {
            end(transaction, isCommitted: false)
        }
    }

    /// Whether an open transaction may change a group's offset.
    func isUnstable(_ partition: TopicPartition, of group: String) -> Bool {
        transactions.isUnstable(partition, of: group)
    }
}
