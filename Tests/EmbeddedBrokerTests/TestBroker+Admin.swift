import BrokerModel
import Records
import Testing

// Short forms of what administrators and groups ask.

extension TestBroker {
    /// Deletes the records below an offset; the low watermark, or the error.
    func deleteRecords(
        _ topic: String, partition: Int32 = 0, below offset: Int64
    ) throws -> (error: ErrorCode?, lowWatermark: Int64) {
        var request = DeleteRecordsRequest()
        var wanted = DeleteRecordsRequest.DeleteRecordsTopic()
        wanted.name = topic
        var part = DeleteRecordsRequest.DeleteRecordsTopic.DeleteRecordsPartition()
        part.partitionIndex = partition
        part.offset = offset
        wanted.partitions = [part]
        request.topics = [wanted]
        let result = try ask(request, DeleteRecordsResponse.self).topics[0].partitions[0]
        return (ErrorCode(rawValue: result.errorCode), result.lowWatermark)
    }

    /// The offset that ListOffsets has for a timestamp: -1 the end, -2 the start.
    func offset(
        _ topic: String, partition: Int32 = 0, at timestamp: Int64
    ) throws -> Int64 {
        var request = ListOffsetsRequest()
        var wanted = ListOffsetsRequest.ListOffsetsTopic()
        wanted.name = topic
        var part = ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition()
        part.partitionIndex = partition
        part.timestamp = timestamp
        wanted.partitions = [part]
        request.topics = [wanted]
        return try ask(request, ListOffsetsResponse.self).topics[0].partitions[0].offset
    }

    func deleteTopic(_ name: String) throws -> ErrorCode? {
        var request = DeleteTopicsRequest()
        var topic = DeleteTopicsRequest.DeleteTopicState()
        topic.name = name
        request.topics = [topic]
        let response = try ask(request, DeleteTopicsResponse.self)
        return ErrorCode(rawValue: response.responses[0].errorCode)
    }

    func createPartitions(_ name: String, count: Int32) throws -> ErrorCode? {
        var request = CreatePartitionsRequest()
        var topic = CreatePartitionsRequest.CreatePartitionsTopic()
        topic.name = name
        topic.count = count
        request.topics = [topic]
        let response = try ask(request, CreatePartitionsResponse.self)
        return ErrorCode(rawValue: response.results[0].errorCode)
    }

    /// Sets one value of a topic, or with nil resets it.
    func configure(_ topic: String, _ name: String, _ value: String?) throws -> ErrorCode? {
        var request = IncrementalAlterConfigsRequest()
        var resource = IncrementalAlterConfigsRequest.AlterConfigsResource()
        resource.resourceType = 2
        resource.resourceName = topic
        var config = IncrementalAlterConfigsRequest.AlterConfigsResource.AlterableConfig()
        config.name = name
        config.configOperation = value == nil ? 1 : 0
        config.value = value
        resource.configs = [config]
        request.resources = [resource]
        let response = try ask(request, IncrementalAlterConfigsResponse.self)
        return ErrorCode(rawValue: response.responses[0].errorCode)
    }

    /// A topic's value, nil without the topic.
    func configuration(_ topic: String, _ name: String) throws -> String? {
        var request = DescribeConfigsRequest()
        var resource = DescribeConfigsRequest.DescribeConfigsResource()
        resource.resourceType = 2
        resource.resourceName = topic
        resource.configurationKeys = [name]
        request.resources = [resource]
        let response = try ask(request, DescribeConfigsResponse.self)
        return response.results[0].configs.first?.value
    }

    /// The number of partitions of each topic.
    func partitionCounts() throws -> [String: Int] {
        let response = try ask(MetadataRequest(), MetadataResponse.self)
        return Dictionary(
            uniqueKeysWithValues: response.topics.map { ($0.name ?? "", $0.partitions.count) })
    }

    func commit(
        _ offset: Int64, group: String, topic: String = "t", generation: Int32 = -1,
        member: String = "", version: Int16? = nil
    ) throws -> ErrorCode? {
        var request = OffsetCommitRequest()
        request.groupID = group
        request.generationIDOrMemberEpoch = generation
        request.memberID = member
        var wanted = OffsetCommitRequest.OffsetCommitRequestTopic()
        wanted.name = topic
        var part = OffsetCommitRequest.OffsetCommitRequestTopic.OffsetCommitRequestPartition()
        part.committedOffset = offset
        wanted.partitions = [part]
        request.topics = [wanted]
        let response = try ask(request, OffsetCommitResponse.self, version: version)
        return ErrorCode(rawValue: response.topics[0].partitions[0].errorCode)
    }

    /// The committed offset, -1 for none.
    func committed(group: String, topic: String = "t") throws -> Int64 {
        var request = OffsetFetchRequest()
        var wanted = OffsetFetchRequest.OffsetFetchRequestGroup()
        wanted.groupID = group
        var places = OffsetFetchRequest.OffsetFetchRequestGroup.OffsetFetchRequestTopics()
        places.name = topic
        places.partitionIndexes = [0]
        wanted.topics = [places]
        request.groups = [wanted]
        let response = try ask(request, OffsetFetchResponse.self)
        return response.groups[0].topics[0].partitions[0].committedOffset
    }

    /// Deletes an offset of a group: the error of the group, or else of the partition.
    func deleteOffset(group: String, topic: String = "t") throws -> ErrorCode? {
        var request = OffsetDeleteRequest()
        request.groupID = group
        var wanted = OffsetDeleteRequest.OffsetDeleteRequestTopic()
        wanted.name = topic
        wanted.partitions = [
            OffsetDeleteRequest.OffsetDeleteRequestTopic
                .OffsetDeleteRequestPartition()
        ]
        request.topics = [wanted]
        let response = try ask(request, OffsetDeleteResponse.self)
        let error = response.errorCode
        return ErrorCode(
            rawValue: error != 0 ? error : response.topics[0].partitions[0].errorCode)
    }

    func deleteGroup(_ id: String) throws -> ErrorCode? {
        var request = DeleteGroupsRequest()
        request.groupsNames = [id]
        let response = try ask(request, DeleteGroupsResponse.self)
        return ErrorCode(rawValue: response.results[0].errorCode)
    }

    /// Makes a group of one consumer that reads a topic and has its assignment.
    func joinGroup(
        _ id: String, reading topic: String = "t", timeout: Int32 = 10_000
    ) throws -> (member: String, generation: Int32) {
        var request = JoinGroupRequest()
        request.groupID = id
        request.sessionTimeoutMs = timeout
        request.rebalanceTimeoutMs = timeout
        request.protocolType = "consumer"
        var strategy = JoinGroupRequest.JoinGroupRequestProtocol()
        strategy.name = "range"
        var metadata = ByteWriter()
        metadata.bigEndian(1 as Int16)
        metadata.bigEndian(1 as Int32)
        metadata.bigEndian(Int16(topic.utf8.count))
        metadata.raw(Array(topic.utf8))
        // No user data.
        metadata.bigEndian(-1 as Int32)
        strategy.metadata = metadata.bytes
        request.protocols = [strategy]
        var joined = try ask(request, JoinGroupResponse.self)
        request.memberID = joined.memberID
        joined = try ask(request, JoinGroupResponse.self)
        var sync = SyncGroupRequest()
        sync.groupID = id
        sync.generationID = joined.generationID
        sync.memberID = joined.memberID
        #expect(try ask(sync, SyncGroupResponse.self).errorCode == 0)
        return (joined.memberID, joined.generationID)
    }
}
