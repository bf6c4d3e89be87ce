internal import BrokerModel

// Group membership: the coordinator decides, this asks it and passes its answers on.

extension BrokerEngine {
    func joinGroup(_ request: JoinGroupRequest, _ context: RequestContext, now: Int64) {
        let client = GroupCoordinator.Client(
            id: context.clientID, host: "/" + context.connection.peer)
        let token = token(for: context)
        let answer = groups.join(
            request, version: context.version, client: client, token: token, now: now)
        guard let answer else { return }
        waiting[token] = nil
        reply(answer, to: context)
    }

    func syncGroup(_ request: SyncGroupRequest, _ context: RequestContext, now: Int64) {
        let token = token(for: context)
        guard let answer = groups.sync(request, token: token, now: now) else { return }
        waiting[token] = nil
        reply(answer, to: context)
    }

    func listGroups(_ request: ListGroupsRequest) -> ListGroupsResponse {
        var response = ListGroupsResponse()
        let states = Set(request.statesFilter.map { $0.lowercased() })
        let types = Set(request.typesFilter.map { $0.lowercased() })
        for group in groups.groups.values.sorted(by: { $0.id < $1.id }) {
            guard states.isEmpty || states.contains(group.state.rawValue.lowercased()),
                types.isEmpty || types.contains("classic")
            else { continue }
            var entry = ListGroupsResponse.ListedGroup()
            entry.groupID = group.id
            entry.protocolType = group.protocolType ?? ""
            entry.groupState = group.state.rawValue
            entry.groupType = "classic"
            response.groups.append(entry)
        }
        return response
    }

    func describeGroups(
        _ request: DescribeGroupsRequest, version: Int16
    ) -> DescribeGroupsResponse {
        var response = DescribeGroupsResponse()
        response.groups = request.groups.map { id in
            var entry = DescribeGroupsResponse.DescribedGroup()
            entry.groupID = id
            guard let group = groups.groups[id] else {
                entry.groupState = "Dead"
                if version >= 6 {
                    entry.errorCode = ErrorCode.groupIDNotFound.rawValue
                    entry.errorMessage = "Group \(id) not found."
                }
                return entry
            }
            if request.includeAuthorizedOperations {
                entry.authorizedOperations = AllowedOperations.onGroup
            }
            entry.groupState = group.state.rawValue
            entry.protocolType = group.protocolType ?? ""
            let isSettled = group.state == .stable
            entry.protocolData = isSettled ? group.strategy ?? "" : ""
            entry.members = group.sortedMembers.map { member in
                var description = DescribeGroupsResponse.DescribedGroup.DescribedGroupMember()
                description.memberID = member.id
                description.groupInstanceID = member.instanceID
                description.clientID = member.clientID
                description.clientHost = member.clientHost
                if isSettled {
                    description.memberMetadata = member.metadata(for: group.strategy)
                    description.memberAssignment = member.assignment
                }
                return description
            }
            return entry
        }
        return response
    }

    func deleteGroups(_ request: DeleteGroupsRequest, _ context: RequestContext) {
        var response = DeleteGroupsResponse()
        response.results = request.groupsNames.map { id in
            var result = DeleteGroupsResponse.DeletableGroupResult()
            result.groupID = id
            result.errorCode = delete(group: id).rawValue
            return result
        }
        replyWhenKept(response, to: context)
    }

    /// Forgets a group without members, with its offsets, once the disk has taken that it is gone.
    func delete(group id: String) -> ErrorCode {
        if offsets.hasPending(group: id) { return .nonEmptyGroup }
        if let refusal = groups.refusalOfDeletion(id) { return refusal }
        guard keep(.groupDeleted(id)) else { return .kafkaStorageError }
        groups.delete(id)
        offsets.remove(group: id)
        return .none
    }
}
