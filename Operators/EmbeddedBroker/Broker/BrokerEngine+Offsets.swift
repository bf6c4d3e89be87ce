internal import BrokerModel

// OffsetCommit, OffsetFetch, OffsetDelete.

extension BrokerEngine {
    /// Why an offset can't be stored, nil when it can.
    func refusal(topic: String, partition index: Int32, metadata: String?) -> ErrorCode? {
        if partition(topic, index) == nil { return .unknownTopicOrPartition }
        let length = metadata?.utf8.count ?? 0
        return length > configuration.maximumOffsetMetadata ? .offsetMetadataTooLarge : nil
    }

    func offsetCommit(_ request: OffsetCommitRequest, _ context: RequestContext, now: Int64) {
        var refused = groups.refusalOfCommit(
            group: request.groupID, generation: request.generationIDOrMemberEpoch,
            memberID: request.memberID, instanceID: request.groupInstanceID,
            isTransactional: false, now: now)
        // From version 9 on, a generation of a group that is not there has an error of its own.
        if context.version >= 9, refused == .illegalGeneration,
            groups.groups[request.groupID] == nil
        {
            refused = .groupIDNotFound
        }
        var response = OffsetCommitResponse()
        var commits: [OffsetStore.Commit] = []
        for topic in request.topics {
            var topicResponse = OffsetCommitResponse.OffsetCommitResponseTopic()
            topicResponse.name = topic.name
            for partition in topic.partitions {
                var result =
                    OffsetCommitResponse.OffsetCommitResponseTopic.OffsetCommitResponsePartition()
                result.partitionIndex = partition.partitionIndex
                let error =
                    refused
                    ?? refusal(
                        topic: topic.name, partition: partition.partitionIndex,
                        metadata: partition.committedMetadata)
                result.errorCode = (error ?? .none).rawValue
                topicResponse.partitions.append(result)
                guard error == nil else { continue }
                let entry = OffsetStore.Entry(
                    offset: partition.committedOffset,
                    leaderEpoch: partition.committedLeaderEpoch,
                    metadata: partition.committedMetadata ?? "", timestamp: now)
                commits.append(
                    OffsetStore.Commit(
                        topic: topic.name, partition: partition.partitionIndex, entry: entry))
            }
            response.topics.append(topicResponse)
        }
        guard !commits.isEmpty else { return reply(response, to: context) }
        guard keep(.offsets(group: request.groupID, commits: commits)) else {
            for topic in response.topics.indices {
                for partition in response.topics[topic].partitions.indices {
                    response.topics[topic].partitions[partition].errorCode =
                        ErrorCode.coordinatorNotAvailable.rawValue
                }
            }
            return reply(response, to: context)
        }
        groups.ensureGroup(request.groupID)
        offsets.commit(commits, group: request.groupID)
        replyWhenKept(response, to: context)
    }

    func offsetFetch(_ request: OffsetFetchRequest, version: Int16) -> OffsetFetchResponse {
        var response = OffsetFetchResponse()
        if version < 8 {
            let wanted = request.topics?.map { ($0.name, $0.partitionIndexes) }
            let found = offsetsOf(request.groupID, wanted, stable: request.requireStable)
            response.topics = found.map { name, partitions in
                var topic = OffsetFetchResponse.OffsetFetchResponseTopic()
                topic.name = name
                topic.partitions = partitions.map { index, entry, error in
                    var partition =
                        OffsetFetchResponse.OffsetFetchResponseTopic.OffsetFetchResponsePartition()
                    partition.partitionIndex = index
                    partition.committedOffset = entry?.offset ?? -1
                    partition.committedLeaderEpoch = entry?.leaderEpoch ?? -1
                    partition.metadata = entry?.metadata ?? ""
                    partition.errorCode = error.rawValue
                    return partition
                }
                return topic
            }
            return response
        }
        response.groups = request.groups.map { group in
            var answer = OffsetFetchResponse.OffsetFetchResponseGroup()
            answer.groupID = group.groupID
            let wanted = group.topics?.map { ($0.name, $0.partitionIndexes) }
            let found = offsetsOf(group.groupID, wanted, stable: request.requireStable)
            answer.topics = found.map { name, partitions in
                var topic = OffsetFetchResponse.OffsetFetchResponseGroup.OffsetFetchResponseTopics()
                topic.name = name
                topic.partitions = partitions.map { index, entry, error in
                    var partition = OffsetFetchResponse.OffsetFetchResponseGroup
                        .OffsetFetchResponseTopics.OffsetFetchResponsePartitions()
                    partition.partitionIndex = index
                    partition.committedOffset = entry?.offset ?? -1
                    partition.committedLeaderEpoch = entry?.leaderEpoch ?? -1
                    partition.metadata = entry?.metadata ?? ""
                    partition.errorCode = error.rawValue
                    return partition
                }
                return topic
            }
            return answer
        }
        return response
    }

    private typealias Found = (index: Int32, entry: OffsetStore.Entry?, error: ErrorCode)

    /// The offsets of a group; all of them when none are named.
    private func offsetsOf(
        _ group: String, _ wanted: [(String, [Int32])]?, stable: Bool
    ) -> [(String, [Found])] {
        func find(_ topic: String, _ index: Int32) -> Found {
            let place = OffsetStore.Place(topic: topic, partition: index)
            if stable, offsets.isUnstable(group: group, place) {
                return (index, nil, .unstableOffsetCommit)
            }
            return (index, offsets.entry(group: group, place), .none)
        }
        if let wanted { return wanted.map { name, list in (name, list.map { find(name, $0) }) } }
        var all: [(String, [Found])] = []
        for (place, _) in offsets.entries(group: group) {
            if all.last?.0 != place.topic { all.append((place.topic, [])) }
            all[all.count - 1].1.append(find(place.topic, place.partition))
        }
        return all
    }

    func offsetDelete(_ request: OffsetDeleteRequest, _ context: RequestContext) {
        var response = OffsetDeleteResponse()
        guard let group = groups.groups[request.groupID] else {
            response.errorCode = ErrorCode.groupIDNotFound.rawValue
            return reply(response, to: context)
        }
        // Without knowing what the members read, nothing of a busy group may be deleted.
        if group.state != .empty, group.protocolType != "consumer" {
            response.errorCode = ErrorCode.nonEmptyGroup.rawValue
            return reply(response, to: context)
        }
        for topic in request.topics {
            var topicResponse = OffsetDeleteResponse.OffsetDeleteResponseTopic()
            topicResponse.name = topic.name
            let isRead = groups.isSubscribed(group: group.id, to: topic.name)
            for partition in topic.partitions {
                var result =
                    OffsetDeleteResponse.OffsetDeleteResponseTopic.OffsetDeleteResponsePartition()
                result.partitionIndex = partition.partitionIndex
                let place = OffsetStore.Place(
                    topic: topic.name, partition: partition.partitionIndex)
                if isRead {
                    result.errorCode = ErrorCode.groupSubscribedToTopic.rawValue
                } else if offsets.entry(group: group.id, place) != nil {
                    let deleted = JournalEntry.offsetDeleted(
                        group: group.id, topic: place.topic, partition: place.partition)
                    if keep(deleted) {
                        _ = offsets.remove(group: group.id, place)
                    } else {
                        result.errorCode = ErrorCode.kafkaStorageError.rawValue
                    }
                }
                topicResponse.partitions.append(result)
            }
            response.topics.append(topicResponse)
        }
        replyWhenKept(response, to: context)
    }
}
