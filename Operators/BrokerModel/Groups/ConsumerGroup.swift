package import Records

/// A consumer group with its members and generation.
package struct ConsumerGroup: Sendable {
    /// Where the group stands between two generations.
    package enum State: String, Sendable {
        case empty = "Empty"
        case preparingRebalance = "PreparingRebalance"
        case completingRebalance = "CompletingRebalance"
        case stable = "Stable"
    }

    package let id: String
    package var state = State.empty
    package var generation: Int32 = 0
    package var protocolType: String?
    package var strategy: String?
    package var leader: String?
    package var members: [String: GroupMember] = [:]
    /// Ids that were given out and not yet used, with the times at which they lapse.
    package var pending: [String: Int64] = [:]
    /// When the rebalance goes on without those that are missing, in ms.
    package var rebalanceDeadline: Int64?
    /// Before this time a new group waits for more members, in ms.
    package var initialDelayUntil: Int64?
    /// Since when the group has had no members, in ms since 1970; nil while it has, and for one that
    /// never had any.
    package var emptySince: Int64?
    /// Until when members may fetch their assignment of this generation, in ms.
    package var syncDeadline: Int64?

    package init(id: String) {
        self.id = id
    }

    /// The members by id, for everything that can be observed.
    package var sortedMembers: [GroupMember] { members.values.sorted { $0.id < $1.id } }

    /// The id of the static member's present incarnation.
    package func member(instanceID: String?) -> GroupMember? {
        guard let instanceID else { return nil }
        return members.values.first { $0.instanceID == instanceID }
    }

    /// The longest time that a member may take to come back.
    package var rebalanceTimeout: Int64 { members.values.map(\.rebalanceTimeout).max() ?? 0 }

    /// Whether every member supports one of these strategies.
    package func supports(_ strategies: [GroupMember.Strategy]) -> Bool {
        members.isEmpty
            || strategies.contains { offered in
                members.values.allSatisfy { member in
                    member.strategies.contains { $0.name == offered.name }
                }
            }
    }

    /// The strategy that most members prefer among those that all support; ties go by name.
    package var electedStrategy: String? {
        let members = sortedMembers
        guard let first = members.first else { return nil }
        let common = first.strategies.map(\.name).filter { name in
            members.allSatisfy { $0.strategies.contains { $0.name == name } }
        }
        var votes: [String: Int] = [:]
        for member in members {
            if let vote = member.strategies.first(where: { common.contains($0.name) }) {
                votes[vote.name, default: 0] += 1
            }
        }
        return votes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.first?.key
    }

    /// What the group says to its members.
    func joinResponse(for member: GroupMember) -> JoinGroupResponse {
        var response = JoinGroupResponse()
        response.generationID = generation
        response.protocolType = protocolType
        response.protocolName = strategy
        response.leader = leader ?? ""
        response.memberID = member.id
        guard member.id == leader else { return response }
        response.members = sortedMembers.map { member in
            var entry = JoinGroupResponse.JoinGroupResponseMember()
            entry.memberID = member.id
            entry.groupInstanceID = member.instanceID
            entry.metadata = member.metadata(for: strategy)
            return entry
        }
        return response
    }

    func syncResponse(for member: GroupMember) -> SyncGroupResponse {
        var response = SyncGroupResponse()
        response.protocolType = protocolType
        response.protocolName = strategy
        response.assignment = member.assignment
        return response
    }
}

extension ConsumerGroup: BinaryCodable {
    package init(from reader: inout ByteReader) throws(CodecError) {
        id = try reader.string()
        generation = try reader.integer()
        protocolType = try String?(from: &reader)
        strategy = try String?(from: &reader)
        leader = try String?(from: &reader)
        for member in try [GroupMember](from: &reader) { members[member.id] = member }
        // Groups that were kept by an older broker end here.
        emptySince = reader.isAtEnd ? nil : try Int64?(from: &reader)
        state = members.isEmpty ? .empty : .stable
    }

    package func encode(into writer: inout ByteWriter) {
        writer.string(id)
        writer.integer(generation)
        protocolType.encode(into: &writer)
        strategy.encode(into: &writer)
        leader.encode(into: &writer)
        sortedMembers.encode(into: &writer)
        emptySince.encode(into: &writer)
    }
}
