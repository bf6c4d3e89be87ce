// JoinGroup and SyncGroup: how a generation comes about.

extension GroupCoordinator {
    /// A member asks to take part in the next generation; nil when the answer comes later.
    ///
    /// - Parameter version: the version of the request: from 4 on a member needs an id before it
    ///   joins, from 9 on the leader's assignment may be skipped.
    package mutating func join(
        _ request: JoinGroupRequest, version: Int16, client: Client, token: ReplyToken, now: Int64
    ) -> JoinGroupResponse? {
        if let error = refusal(of: request) { return .failed(error, request.memberID) }
        var group = groups[request.groupID] ?? ConsumerGroup(id: request.groupID)
        let isKnown = groups[request.groupID] != nil
        defer {
            if isKnown || !group.members.isEmpty || !group.pending.isEmpty {
                groups[request.groupID] = group
            }
        }
        let strategies = request.protocols.map {
            GroupMember.Strategy(name: $0.name, metadata: $0.metadata)
        }
        if !group.members.isEmpty {
            guard group.protocolType == request.protocolType, group.supports(strategies) else {
                return .failed(.inconsistentGroupProtocol, request.memberID)
            }
        }
        var member = GroupMember(
            id: request.memberID, instanceID: request.groupInstanceID, clientID: client.id,
            clientHost: client.host, sessionTimeout: Int64(request.sessionTimeoutMs),
            rebalanceTimeout: Int64(
                request.rebalanceTimeoutMs < 0
                    ? request.sessionTimeoutMs : request.rebalanceTimeoutMs),
            strategies: strategies)
        if request.memberID.isEmpty {
            return joinNew(
                &member, to: &group, request: request, version: version, token: token, now: now)
        }
        if group.pending.removeValue(forKey: member.id) != nil {
            return add(member, to: &group, request: request, token: token, now: now)
        }
        guard let known = group.members[member.id] else {
            if let present = group.member(instanceID: member.instanceID), present.id != member.id {
                return .failed(.fencedInstanceID, member.id)
            }
            return .failed(.unknownMemberID, member.id)
        }
        if let instanceID = member.instanceID, known.instanceID != instanceID {
            let present = group.member(instanceID: instanceID)
            return .failed(present == nil ? .unknownMemberID : .fencedInstanceID, member.id)
        }
        return rejoin(member, known: known, in: &group, token: token, now: now)
    }

    private func refusal(of request: JoinGroupRequest) -> ErrorCode? {
        if request.groupID.isEmpty { return .invalidGroupID }
        if !limits.sessionTimeout.contains(Int64(request.sessionTimeoutMs)) {
            return .invalidSessionTimeout
        }
        if request.protocolType.isEmpty || request.protocols.isEmpty {
            return .inconsistentGroupProtocol
        }
        let group = groups[request.groupID]
        if group == nil, groups.count >= limits.groups { return .groupMaxSizeReached }
        let isKnown = group?.members[request.memberID] != nil
        let count = (group?.members.count ?? 0) + (group?.pending.count ?? 0)
        let isPending = group?.pending[request.memberID] != nil
        if !isKnown, !isPending, count >= limits.members { return .groupMaxSizeReached }
        return nil
    }

    private mutating func joinNew(
        _ member: inout GroupMember, to group: inout ConsumerGroup, request: JoinGroupRequest,
        version: Int16, token: ReplyToken, now: Int64
    ) -> JoinGroupResponse? {
        member.id = newMemberID(
            member.instanceID ?? (member.clientID.isEmpty ? "member" : member.clientID))
        if let present = group.member(instanceID: member.instanceID) {
            return replace(
                present, by: member, in: &group, version: version, token: token, now: now)
        }
        if version >= 4, member.instanceID == nil {
            group.pending[member.id] = now + member.sessionTimeout
            return .failed(.memberIDRequired, member.id)
        }
        return add(member, to: &group, request: request, token: token, now: now)
    }

    private mutating func add(
        _ member: GroupMember, to group: inout ConsumerGroup, request: JoinGroupRequest,
        token: ReplyToken, now: Int64
    ) -> JoinGroupResponse? {
        if group.members.isEmpty { group.protocolType = request.protocolType }
        var member = member
        member.isNew = true
        member.joining = token
        member.expires = now + member.sessionTimeout
        group.members[member.id] = member
        if group.leader == nil { group.leader = member.id }
        if group.state == .preparingRebalance {
            group.rebalanceDeadline = max(
                group.rebalanceDeadline ?? 0, now + max(1, member.rebalanceTimeout))
            completeJoinIfPossible(&group, now: now)
        } else {
            prepareRebalance(&group, now: now)
        }
        return nil
    }

    /// A static member has started again under a new id; nobody else need notice (KIP-345).
    private mutating func replace(
        _ present: GroupMember, by member: GroupMember, in group: inout ConsumerGroup,
        version: Int16, token: ReplyToken, now: Int64
    ) -> JoinGroupResponse? {
        group.members[present.id] = nil
        if let waiting = present.joining {
            effects.append(.reply(waiting, .join(.failed(.fencedInstanceID, present.id))))
        }
        if let waiting = present.syncing {
            effects.append(.reply(waiting, .sync(.failed(.fencedInstanceID))))
        }
        var member = member
        member.assignment = present.assignment
        member.expires = now + member.sessionTimeout
        let wasLeader = group.leader == present.id
        if wasLeader { group.leader = member.id }
        // Its metadata may have changed, as that of a client does that was brought up to date; only
        // another strategy concerns the others.
        group.members[member.id] = member
        if group.state == .stable, group.electedStrategy == group.strategy {
            effects.append(.keep(group))
            var response = group.joinResponse(for: member)
            if wasLeader {
                response.skipAssignment = version >= 9
                // Before version 9 the leader can't be told to keep its hands off, so that it is
                // told of no members (KIP-814).
                if version < 9 {
                    response.members = []
                    response.leader = present.id
                }
            }
            return response
        }
        member.joining = token
        group.members[member.id] = member
        if group.state == .preparingRebalance {
            completeJoinIfPossible(&group, now: now)
        } else {
            prepareRebalance(&group, now: now)
        }
        return nil
    }

    private mutating func rejoin(
        _ member: GroupMember, known: GroupMember, in group: inout ConsumerGroup,
        token: ReplyToken, now: Int64
    ) -> JoinGroupResponse? {
        let isUnchanged = known.strategies == member.strategies
        let isSettled =
            (group.state == .completingRebalance && isUnchanged)
            || (group.state == .stable && isUnchanged && group.leader != member.id)
        if isSettled {
            group.members[member.id]?.expires = now + known.sessionTimeout
            return group.joinResponse(for: known)
        }
        var member = member
        member.assignment = known.assignment
        member.syncing = known.syncing
        member.expires = now + member.sessionTimeout
        if let waiting = known.joining {
            effects.append(.reply(waiting, .join(.failed(.rebalanceInProgress, member.id))))
        }
        member.joining = token
        group.members[member.id] = member
        if group.state == .preparingRebalance {
            completeJoinIfPossible(&group, now: now)
        } else {
            prepareRebalance(&group, now: now)
        }
        return nil
    }

    /// A member asks for its assignment; nil when the answer comes later.
    package mutating func sync(
        _ request: SyncGroupRequest, token: ReplyToken, now: Int64
    ) -> SyncGroupResponse? {
        guard !request.groupID.isEmpty else { return .failed(.invalidGroupID) }
        guard var group = groups[request.groupID] else { return .failed(.unknownMemberID) }
        if let error = refusal(
            in: group, memberID: request.memberID, instanceID: request.groupInstanceID,
            generation: request.generationID)
        {
            return .failed(error)
        }
        if let type = request.protocolType, type != group.protocolType {
            return .failed(.inconsistentGroupProtocol)
        }
        if let name = request.protocolName, name != group.strategy {
            return .failed(.inconsistentGroupProtocol)
        }
        guard let member = group.members[request.memberID] else {
            return .failed(.unknownMemberID)
        }
        defer { groups[request.groupID] = group }
        group.members[member.id]?.expires = now + member.sessionTimeout
        switch group.state {
        case .empty: return .failed(.unknownMemberID)
        case .preparingRebalance: return .failed(.rebalanceInProgress)
        case .stable: return group.syncResponse(for: member)
        case .completingRebalance:
            if let waiting = member.syncing {
                effects.append(.reply(waiting, .sync(.failed(.rebalanceInProgress))))
            }
            group.members[member.id]?.syncing = token
            if group.leader == member.id { settle(&group, request.assignments, now: now) }
            return nil
        }
    }

    private mutating func settle(
        _ group: inout ConsumerGroup,
        _ assignments: [SyncGroupRequest.SyncGroupRequestAssignment], now: Int64
    ) {
        for id in group.members.keys { group.members[id]?.assignment = [] }
        for assignment in assignments {
            group.members[assignment.memberID]?.assignment = assignment.assignment
        }
        group.state = .stable
        group.syncDeadline = nil
        effects.append(.keep(group))
        for member in group.sortedMembers {
            guard let token = member.syncing else { continue }
            group.members[member.id]?.syncing = nil
            group.members[member.id]?.expires = now + member.sessionTimeout
            effects.append(.reply(token, .sync(group.syncResponse(for: member))))
        }
    }

    /// Why a request of a member can't be taken in the present generation.
    func refusal(
        in group: ConsumerGroup, memberID: String, instanceID: String?, generation: Int32
    ) -> ErrorCode? {
        if let instanceID, let present = group.member(instanceID: instanceID),
            present.id != memberID
        {
            return .fencedInstanceID
        }
        guard group.members[memberID] != nil else { return .unknownMemberID }
        return generation == group.generation ? nil : .illegalGeneration
    }
}
