internal import Records

/// A consumer group: who owns which partition, and what was committed.
///
/// Partitions of one number go to one member whatever their topic, as Kafka's range assignor does for topics
/// of equal size; a partition changes hands when its owner has let go of it, as under cooperative rebalancing.
///
/// A rebalance begins when a member comes or goes and ends, with another generation, when each member has
/// polled; until then the old generation may commit. A member learns the new one when it polls again.
final class SimulatedGroup {
    let name: String
    private var generation: Int32 = 0
    /// The generation that each member knows.
    private var known: [Int: Int32] = [:]
    /// The members that have polled since the rebalance began; nil when there is none.
    private var joined: Set<Int>?
    private(set) var offsets: [TopicPartition: CommittedOffset] = [:]
    private var partitions: Set<TopicPartition> = []
    private var members: [Int] = []
    private var lastMember = 0
    private var owners: [TopicPartition: Int] = [:]
    /// Partitions whose owner was asked to give them up.
    private var revoking: Set<TopicPartition> = []
    /// What a member owned when the group took it for dead.
    private var losses: [Int: [TopicPartition]] = [:]
    /// What was answered to each member since anything changed: a driver asks for all of them at every step.
    private var news: [Int: Bool] = [:]

    init(_ name: String) { self.name = name }

    func subscribe(_ topic: String, partitions count: Int32) {
        for number in 0..<count {
            partitions.insert(TopicPartition(topic: topic, partition: number))
        }
        news = [:]
    }

    /// Takes in partitions that were added to a topic, if the group reads it.
    func grow(_ topic: String, partitions count: Int32) {
        if partitions.contains(where: { $0.topic == topic }) { subscribe(topic, partitions: count) }
    }

    func join() -> Int {
        lastMember += 1
        members.append(lastMember)
        joined = []
        news = [:]
        return lastMember
    }

    func leave(_ member: Int) {
        members.removeAll { $0 == member }
        joined = []
        for partition in owned(by: member) { free(partition) }
        losses[member] = nil
        news = [:]
    }

    /// Takes a member for dead; it hears of that when it polls, and joins again then.
    func expire(_ member: Int) {
        guard members.contains(member) else { return }
        let owned = owned(by: member)
        leave(member)
        losses[member] = owned
        news = [:]
    }

    private func free(_ partition: TopicPartition) {
        owners[partition] = nil
        revoking.remove(partition)
        news = [:]
    }

    private func owned(by member: Int) -> [TopicPartition] {
        owners.filter { $0.value == member }.keys.sorted()
    }

    private func target(_ partition: TopicPartition) -> Int? {
        members.isEmpty ? nil : members[Int(partition.partition) % members.count]
    }

    /// Whether ``poll(_:)`` has something to say to a member.
    func hasNews(for member: Int) -> Bool {
        if let known = news[member] { return known }
        let answer = findNews(for: member)
        news[member] = answer
        return answer
    }

    private func findNews(for member: Int) -> Bool {
        if losses[member] != nil { return true }
        if let joined { if !joined.contains(member) { return true } }
        if known[member] != generation { return true }
        return partitions.contains { partition in
            if owners[partition] == member {
                return target(partition) != member && !revoking.contains(partition)
            }
            return owners[partition] == nil && target(partition) == member
        }
    }

    func poll(_ member: Int) -> [GroupEvent] {
        defer { news = [:] }
        if let lost = losses.removeValue(forKey: member) {
            members.append(member)
            joined = []
            return lost.isEmpty ? [] : [.lost(lost)]
        }
        known[member] = generation
        joined?.insert(member)
        if let present = joined, present.isSuperset(of: members) {
            joined = nil
            generation += 1
        }
        var events: [GroupEvent] = []
        let revoked = owned(by: member).filter {
            target($0) != member && !revoking.contains($0)
        }
        revoking.formUnion(revoked)
        if !revoked.isEmpty { events.append(.revoked(revoked)) }
        let assigned = partitions.filter { owners[$0] == nil && target($0) == member }.sorted()
        for partition in assigned { owners[partition] = member }
        if !assigned.isEmpty { events.append(.assigned(assigned)) }
        return events
    }

    /// Notes that a member has let go of a partition.
    ///
    /// - Returns: whether the partition had been taken back from it.
    func released(_ partition: TopicPartition, by member: Int) -> Bool {
        guard owners[partition] == member, revoking.contains(partition) else { return false }
        free(partition)
        return true
    }

    func isRevoking(from member: Int) -> Bool {
        revoking.contains { owners[$0] == member }
    }

    func owns(_ partition: TopicPartition, _ member: Int) -> Bool {
        owners[partition] == member
    }

    /// Who a member takes itself for.
    func identity(of member: Int) -> SimulatedIdentity {
        SimulatedIdentity(self, generation: known[member] ?? -1, member: member)
    }

    /// Looks at who commits in a transaction as Kafka's group coordinator does, which lets pass whoever names
    /// neither generation nor member.
    ///
    /// - Throws: `TransactionError` of remedy `.abortable` for somebody who is no member of the generation.
    func check(_ identity: SimulatedIdentity) throws {
        if identity.generation < 0, members.isEmpty || identity.memberID.isEmpty { return }
        guard members.contains(identity.member), identity.generation == generation else {
            throw TransactionError(
                .abortable,
                DataflowError(
                    .fenced, domain: .external, "the group knows no such member and generation"))
        }
    }

    /// Takes over what a transaction has committed.
    func apply(_ commits: [TopicPartition: CommittedOffset]) { offsets.merge(commits) { $1 } }

    func forgetOffsets() { offsets = [:] }

    static func checkMetadata(_ commits: [TopicPartition: CommittedOffset]) throws {
        for (partition, commit) in commits.sorted(by: { $0.key < $1.key }) {
            let isText = commit.metadata.utf8.allSatisfy { (0x20..<0x7f).contains($0) }
            guard isText, commit.metadata.utf8.count <= CommittedOffset.maximumMetadataLength
            else {
                throw DataflowError(
                    .invariant, domain: .internal, "metadata is printable ASCII, 512 at most",
                    partition: partition)
            }
        }
    }

    /// - Throws: `.fenced` when the member doesn't own what it commits.
    func commit(_ commits: [TopicPartition: CommittedOffset], member: Int?) throws {
        try SimulatedGroup.checkMetadata(commits)
        for partition in commits.keys.sorted() {
            if let member, owners[partition] != member {
                throw DataflowError(
                    .fenced, domain: .external, retry: .restart,
                    "the partition belongs to another member", partition: partition)
            }
        }
        offsets.merge(commits) { $1 }
    }
}

/// Who a member takes itself for.
final class SimulatedIdentity: GroupIdentity {
    let group: SimulatedGroup
    let generation: Int32
    let member: Int

    init(_ group: SimulatedGroup, generation: Int32, member: Int) {
        self.group = group
        self.generation = generation
        self.member = member
    }

    /// Empty for nobody: members are counted from 1.
    var memberID: String { member == 0 ? "" : "member-\(member)" }
}
