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

    private var topics: [String: [[Record]]] = [:]
    private var groups: [String: SimulatedGroup] = [:]
    /// What goes wrong; nil: nothing.
    public var faults: FaultPlan?

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
        topics[name] = Array(repeating: [], count: Int(partitions))
    }

    /// How many partitions a topic has.
    public func partitionCount(of topic: String) throws -> Int32 {
        guard let partitions = topics[topic] else {
            throw DataflowError(
                .logUnavailable, domain: .external, "there is no topic \(topic)")
        }
        return Int32(partitions.count)
    }

    /// The records of a partition, from its first; empty for one that isn't there.
    public func records(_ partition: TopicPartition) -> [Record] {
        guard let partitions = topics[partition.topic], partition.partition >= 0,
            Int(partition.partition) < partitions.count
        else { return [] }
        return partitions[Int(partition.partition)]
    }

    /// The records of all partitions of a topic, one partition behind the other.
    public func records(of topic: String) -> [Record] { topics[topic]?.flatMap { $0 } ?? [] }

    /// Appends a record.
    ///
    /// - Throws: `.logUnavailable` for a partition that isn't there.
    public func append(_ record: Record, to partition: TopicPartition) throws {
        let count = try partitionCount(of: partition.topic)
        guard (0..<count).contains(partition.partition) else {
            throw DataflowError(
                .logUnavailable, domain: .external, "there is no such partition",
                partition: partition)
        }
        topics[partition.topic]?[Int(partition.partition)].append(record)
    }

    /// What a group has committed.
    public func committed(_ group: String) -> [TopicPartition: CommittedOffset] {
        groups[group]?.offsets ?? [:]
    }

    /// A client that appends.
    public func makeWriter() -> SimulatedWriter { SimulatedWriter(self) }

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
        let group = SimulatedGroup()
        groups[name] = group
        return group
    }
}
