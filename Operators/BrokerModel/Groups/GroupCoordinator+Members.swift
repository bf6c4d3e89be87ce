// Heartbeats, departures, and the questions that tools ask.

extension GroupCoordinator {
    /// A member says that it is alive.
    package mutating func heartbeat(_ request: HeartbeatRequest, now: Int64) -> ErrorCode {
        guard !request.groupID.isEmpty else { return .invalidGroupID }
        guard let group = groups[request.groupID], group.state != .empty else {
            return .unknownMemberID
        }
        if let error = refusal(
            in: group, memberID: request.memberID, instanceID: request.groupInstanceID,
            generation: request.generationID)
        {
            return error
        }
        touch(request.memberID, in: request.groupID, now: now)
        return group.state == .preparingRebalance ? .rebalanceInProgress : .none
    }

    /// The session of a member starts anew.
    private mutating func touch(_ memberID: String, in group: String, now: Int64) {
        guard let timeout = groups[group]?.members[memberID]?.sessionTimeout else { return }
        groups[group]?.members[memberID]?.expires = now + timeout
    }

    /// Members leave at once; the answer has one element for each in versions from 3 on.
    package mutating func leave(
        _ request: LeaveGroupRequest, version: Int16, now: Int64
    ) -> LeaveGroupResponse {
        var response = LeaveGroupResponse()
        guard !request.groupID.isEmpty else {
            response.errorCode = ErrorCode.invalidGroupID.rawValue
            return response
        }
        var leaving = request.members
        if version < 3 {
            leaving = [LeaveGroupRequest.MemberIdentity()]
            leaving[0].memberID = request.memberID
        }
        for identity in leaving {
            var result = LeaveGroupResponse.MemberResponse()
            result.memberID = identity.memberID
            result.groupInstanceID = identity.groupInstanceID
            result.errorCode = leave(identity, group: request.groupID, now: now).rawValue
            response.members.append(result)
        }
        if version < 3 { response.errorCode = response.members.first?.errorCode ?? 0 }
        return response
    }

    private mutating func leave(
        _ identity: LeaveGroupRequest.MemberIdentity, group id: String, now: Int64
    ) -> ErrorCode {
        guard var group = groups[id] else { return .unknownMemberID }
        defer { groups[id] = group }
        if group.pending.removeValue(forKey: identity.memberID) != nil {
            completeJoinIfPossible(&group, now: now)
            return .none
        }
        var memberID = identity.memberID
        if let instanceID = identity.groupInstanceID {
            guard let present = group.member(instanceID: instanceID) else {
                return .unknownMemberID
            }
            // A tool that removes static members knows them by instance only (KIP-345).
            if !memberID.isEmpty, present.id != memberID { return .fencedInstanceID }
            memberID = present.id
        }
        guard let member = group.members[memberID] else { return .unknownMemberID }
        remove(member, from: &group, now: now)
        return .none
    }

    /// Why offsets can't be committed, after Kafka's own rules: without a generation only while
    /// the group has no members, within a transaction without any check unless a member is named.
    package mutating func refusalOfCommit(
        group id: String, generation: Int32, memberID: String, instanceID: String?,
        isTransactional: Bool, now: Int64
    ) -> ErrorCode? {
        guard !id.isEmpty else { return .invalidGroupID }
        guard let group = groups[id] else {
            if generation >= 0 { return .illegalGeneration }
            return groups.count >= limits.groups ? .coordinatorNotAvailable : nil
        }
        if generation < 0, group.state == .empty { return nil }
        if generation >= 0 || !memberID.isEmpty || instanceID != nil {
            if let error = refusal(
                in: group, memberID: memberID, instanceID: instanceID, generation: generation)
            {
                return error
            }
        } else if !isTransactional {
            return .unknownMemberID
        }
        touch(memberID, in: id, now: now)
        let isUnsettled = group.state == .completingRebalance
        return isUnsettled && !isTransactional ? .rebalanceInProgress : nil
    }

    /// Makes sure that a group exists which commits offsets without members.
    package mutating func ensureGroup(_ id: String) {
        if groups[id] == nil { groups[id] = ConsumerGroup(id: id) }
    }

    /// Why a group can't be deleted, nil when it has no members.
    package func refusalOfDeletion(_ id: String) -> ErrorCode? {
        guard !id.isEmpty else { return .invalidGroupID }
        guard let group = groups[id] else { return .groupIDNotFound }
        return group.state == .empty && group.pending.isEmpty ? nil : .nonEmptyGroup
    }

    /// Forgets a group, once that is kept.
    package mutating func delete(_ id: String) {
        groups[id] = nil
    }

    /// Whether a member reads the topic, as far as its subscription can be understood.
    package func isSubscribed(group id: String, to topic: String) -> Bool {
        guard let group = groups[id], group.protocolType == "consumer" else { return false }
        return group.members.values.contains { member in
            ConsumerSubscription.topics(in: member.metadata(for: group.strategy))?.contains(topic)
                ?? false
        }
    }
}
