internal import BrokerModel

// ApiVersions, Metadata, FindCoordinator, DescribeCluster, DescribeTopicPartitions.

extension BrokerEngine {
    func apiVersions(error: ErrorCode) -> ApiVersionsResponse {
        var response = ApiVersionsResponse()
        response.errorCode = error.rawValue
        response.apiKeys = Self.announced.map {
            var key = ApiVersionsResponse.ApiVersion()
            key.apiKey = $0.key.rawValue
            // Clients of librdkafka compress only if they see version 0 of Produce, which nobody
            // sends any more (KAFKA-18659).
            key.minVersion = $0.key == .produce ? 0 : $0.versions.lowerBound
            key.maxVersion = $0.versions.upperBound
            return key
        }
        return response
    }

    func metadata(_ request: MetadataRequest, _ context: RequestContext, now: Int64) {
        var response = MetadataResponse()
        var broker = MetadataResponse.MetadataResponseBroker()
        broker.nodeID = Self.nodeID
        broker.host = context.connection.host
        broker.port = context.connection.port
        response.brokers = [broker]
        response.clusterID = clusterID
        response.controllerID = Self.nodeID
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = AllowedOperations.onCluster
        }
        // In version 0 an empty list stands for all topics.
        if let wanted = request.topics, !(context.version == 0 && wanted.isEmpty) {
            let mayCreate =
                configuration.autoCreateTopics
                && (request.allowAutoTopicCreation || context.version < 4)
            for topic in wanted {
                response.topics.append(describe(topic, mayCreate: mayCreate, now: now))
            }
        } else {
            response.topics = topics.values.sorted { $0.name < $1.name }.map(describe)
        }
        if request.includeTopicAuthorizedOperations {
            for index in response.topics.indices {
                response.topics[index].topicAuthorizedOperations = AllowedOperations.onTopic
            }
        }
        replyWhenKept(response, to: context)
    }

    private func describe(
        _ wanted: MetadataRequest.MetadataRequestTopic, mayCreate: Bool, now: Int64
    ) -> MetadataResponse.MetadataResponseTopic {
        var failed = MetadataResponse.MetadataResponseTopic()
        failed.topicID = wanted.topicID
        // Who asks by id names no topic, with a null or, as Java's clients do, with an empty name.
        guard let name = wanted.name, wanted.topicID == .zero else {
            if let topic = topicsByID[wanted.topicID] { return describe(topic) }
            failed.errorCode = ErrorCode.unknownTopicID.rawValue
            return failed
        }
        if let topic = topics[name] { return describe(topic) }
        failed.name = name
        failed.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
        guard Topic.isValid(name: name) else {
            failed.errorCode = ErrorCode.invalidTopic.rawValue
            return failed
        }
        guard mayCreate else { return failed }
        let created = createTopic(
            name, partitions: configuration.defaultPartitions, overrides: [:], now: now)
        switch created {
        case .success(let topic): return describe(topic)
        case .failure(let error):
            failed.errorCode = error.rawValue
            return failed
        }
    }

    private func describe(_ topic: Topic) -> MetadataResponse.MetadataResponseTopic {
        var description = MetadataResponse.MetadataResponseTopic()
        description.name = topic.name
        description.topicID = topic.id
        description.partitions = topic.partitions.map { partition in
            var entry = MetadataResponse.MetadataResponseTopic.MetadataResponsePartition()
            entry.partitionIndex = partition.index
            entry.leaderID = Self.nodeID
            entry.leaderEpoch = partition.store.log.leaderEpoch
            entry.replicaNodes = [Self.nodeID]
            entry.isrNodes = [Self.nodeID]
            return entry
        }
        return description
    }

    func findCoordinator(
        _ request: FindCoordinatorRequest, _ context: RequestContext
    ) -> FindCoordinatorResponse {
        var response = FindCoordinatorResponse()
        let isKnownType = request.keyType == 0 || request.keyType == 1
        let error: ErrorCode = isKnownType ? .none : .invalidRequest
        response.errorCode = error.rawValue
        response.nodeID = Self.nodeID
        response.host = context.connection.host
        response.port = context.connection.port
        response.coordinators = request.coordinatorKeys.map { key in
            var coordinator = FindCoordinatorResponse.Coordinator()
            coordinator.key = key
            coordinator.errorCode = error.rawValue
            coordinator.nodeID = Self.nodeID
            coordinator.host = context.connection.host
            coordinator.port = context.connection.port
            return coordinator
        }
        return response
    }

    func describeCluster(
        _ request: DescribeClusterRequest, _ context: RequestContext
    ) -> DescribeClusterResponse {
        var response = DescribeClusterResponse()
        response.endpointType = request.endpointType
        guard request.endpointType == 1 else {
            response.errorCode = ErrorCode.mismatchedEndpointType.rawValue
            response.errorMessage = "This is a broker's endpoint."
            return response
        }
        response.clusterID = clusterID
        response.controllerID = Self.nodeID
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = AllowedOperations.onCluster
        }
        var broker = DescribeClusterResponse.DescribeClusterBroker()
        broker.brokerID = Self.nodeID
        broker.host = context.connection.host
        broker.port = context.connection.port
        response.brokers = [broker]
        return response
    }

    /// The most partitions in one page of DescribeTopicPartitions, as in Kafka.
    private static let pageLimit: Int32 = 2_000

    func describeTopicPartitions(
        _ request: DescribeTopicPartitionsRequest
    ) -> DescribeTopicPartitionsResponse {
        var response = DescribeTopicPartitionsResponse()
        var names = Array(Set(request.topics.map(\.name))).sorted()
        if names.isEmpty { names = topics.keys.sorted() }
        var first: Int32 = 0
        if let cursor = request.cursor {
            names = names.filter { $0 >= cursor.topicName }
            if names.first == cursor.topicName { first = max(0, cursor.partitionIndex) }
        }
        var room = max(1, min(request.responsePartitionLimit, Self.pageLimit))
        for name in names {
            var entry = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic()
            entry.name = name
            if let topic = topics[name] {
                entry.topicID = topic.id
                entry.topicAuthorizedOperations = AllowedOperations.onTopic
                for partition in topic.partitions.dropFirst(Int(first)) {
                    guard room > 0 else {
                        var cursor = DescribeTopicPartitionsResponse.Cursor()
                        cursor.topicName = name
                        cursor.partitionIndex = partition.index
                        response.nextCursor = cursor
                        if !entry.partitions.isEmpty { response.topics.append(entry) }
                        return response
                    }
                    room -= 1
                    entry.partitions.append(describePage(partition))
                }
            } else {
                entry.errorCode =
                    (Topic.isValid(name: name)
                    ? ErrorCode.unknownTopicOrPartition : .invalidTopic).rawValue
            }
            first = 0
            response.topics.append(entry)
        }
        return response
    }

    private typealias Page = DescribeTopicPartitionsResponse
        .DescribeTopicPartitionsResponseTopic.DescribeTopicPartitionsResponsePartition

    private func describePage(
        _ partition: Partition
    ) -> Page {
        var entry = Page()
        entry.partitionIndex = partition.index
        entry.leaderID = Self.nodeID
        entry.leaderEpoch = partition.store.log.leaderEpoch
        entry.replicaNodes = [Self.nodeID]
        entry.isrNodes = [Self.nodeID]
        entry.eligibleLeaderReplicas = []
        entry.lastKnownElr = []
        return entry
    }
}
