internal import BrokerModel

// CreateTopics, DeleteTopics, CreatePartitions.

extension BrokerEngine {
    private var partitionCount: Int { topics.values.reduce(0) { $0 + $1.partitions.count } }

    /// Makes a topic.
    func createTopic(
        _ name: String, partitions: Int32, overrides: [String: String], now: Int64
    ) -> Result<Topic, ErrorCode> {
        guard partitionCount + Int(partitions) <= configuration.maximumPartitions else {
            return .failure(.policyViolation)
        }
        let id = TopicID(high: generator.next(), low: generator.next())
        let config = TopicConfig(overrides: overrides, defaultFlush: configuration.flush)
        let topic = Topic(name: name, id: id, config: config)
        guard clearRemovedFiles(of: name) else { return .failure(.kafkaStorageError) }
        do throws(FileError) {
            try open(0..<partitions, of: topic, now: now)
        } catch {
            log("\(name): \(error)")
            removeFiles(of: topic)
            return .failure(.kafkaStorageError)
        }
        let entry = JournalEntry.topicCreated(
            name: name, id: id, partitions: partitions, configs: overrides)
        guard keep(entry) else {
            removeFiles(of: topic)
            return .failure(.kafkaStorageError)
        }
        topics[name] = topic
        topicsByID[id] = topic
        return .success(topic)
    }

    /// Makes the folders of new partitions.
    private func open(
        _ indexes: Range<Int32>, of topic: Topic, now: Int64
    ) throws(FileError) {
        for index in indexes {
            // Nothing of these is known, so that what is there is left of an attempt that failed.
            try files.removeDirectory(directory(of: topic.name, index))
            try openPartition(topic, index, now: now)
        }
        if topic.config.flush == .ack { try files.syncDirectory(topicsDirectory) }
    }

    private func removeFiles(of topic: Topic) {
        for partition in topic.partitions { remove(partition.store.directory) }
    }

    private func remove(_ directory: String) {
        do throws(FileError) {
            try files.removeDirectory(directory)
        } catch {
            log("\(error)")
        }
    }

    /// Removes the files of a deleted topic of that name, if they are still there; false when its
    /// deletion can't be made durable first.
    private func clearRemovedFiles(of name: String) -> Bool {
        removedTopics[name] == nil || syncJournalNow()
    }

    func createTopics(_ request: CreateTopicsRequest, _ context: RequestContext, now: Int64) {
        var response = CreateTopicsResponse()
        var counts: [String: Int] = [:]
        for topic in request.topics { counts[topic.name, default: 0] += 1 }
        for wanted in request.topics {
            var result = CreateTopicsResponse.CreatableTopicResult()
            result.name = wanted.name
            var refusal = refusal(of: wanted)
            if counts[wanted.name, default: 0] > 1 {
                refusal = (.invalidRequest, "The topic is named more than once.")
            }
            let partitions = partitionCount(of: wanted)
            if let refusal {
                result.errorCode = refusal.0.rawValue
                result.errorMessage = refusal.1
                response.topics.append(result)
                continue
            }
            var overrides: [String: String] = [:]
            for config in wanted.configs { overrides[config.name] = config.value }
            var created = TopicConfig(overrides: overrides, defaultFlush: configuration.flush)
            if !request.validateOnly {
                switch createTopic(
                    wanted.name, partitions: partitions, overrides: overrides, now: now)
                {
                case .success(let topic):
                    result.topicID = topic.id
                    created = topic.config
                case .failure(let error):
                    result.errorCode = error.rawValue
                    response.topics.append(result)
                    continue
                }
            }
            result.numPartitions = partitions
            result.replicationFactor = 1
            result.configs = TopicConfig.definitions.map { definition in
                var entry = CreateTopicsResponse.CreatableTopicResult.CreatableTopicConfigs()
                entry.name = definition.name
                entry.value = created.value(definition.name)
                entry.configSource = overrides[definition.name] == nil ? 5 : 1
                return entry
            }
            response.topics.append(result)
        }
        replyWhenKept(response, to: context)
    }

    private func partitionCount(of wanted: CreateTopicsRequest.CreatableTopic) -> Int32 {
        if !wanted.assignments.isEmpty { return Int32(wanted.assignments.count) }
        return wanted.numPartitions == -1 ? configuration.defaultPartitions : wanted.numPartitions
    }

    private func refusal(
        of wanted: CreateTopicsRequest.CreatableTopic
    ) -> (ErrorCode, String)? {
        if topics[wanted.name] != nil {
            return (.topicAlreadyExists, "Topic '\(wanted.name)' already exists.")
        }
        guard Topic.isValid(name: wanted.name) else {
            return (.invalidTopic, "The name is not allowed.")
        }
        if !wanted.assignments.isEmpty {
            guard wanted.numPartitions == -1, wanted.replicationFactor == -1 else {
                return (
                    .invalidRequest, "An assignment excludes partition and replica counts."
                )
            }
            let indexes = wanted.assignments.map(\.partitionIndex).sorted()
            guard indexes == Array(0..<Int32(indexes.count)),
                wanted.assignments.allSatisfy({ $0.brokerIDs == [Self.nodeID] })
            else { return (.invalidReplicaAssignment, "There is one broker, \(Self.nodeID).") }
        } else {
            guard wanted.numPartitions == -1 || wanted.numPartitions > 0 else {
                return (.invalidPartitions, "Number of partitions must be larger than 0.")
            }
            guard wanted.replicationFactor == -1 || wanted.replicationFactor == 1 else {
                return (.invalidReplicationFactor, "There is one broker.")
            }
        }
        var overrides: [String: String] = [:]
        for config in wanted.configs {
            guard let value = config.value else {
                return (.invalidConfig, "Null value for \(config.name)")
            }
            if let message = TopicConfig.refusal(config.name, value) {
                return (.invalidConfig, message)
            }
            overrides[config.name] = value
        }
        let config = TopicConfig(overrides: overrides, defaultFlush: configuration.flush)
        return config.conflict.map { (.invalidConfig, $0) }
    }

    func deleteTopics(_ request: DeleteTopicsRequest, _ context: RequestContext) {
        var response = DeleteTopicsResponse()
        let named = request.topicNames.map { (name: Optional($0), id: TopicID.zero) }
        let wanted = context.version >= 6 ? request.topics.map { ($0.name, $0.topicID) } : named
        for (name, id) in wanted {
            var result = DeleteTopicsResponse.DeletableTopicResult()
            result.name = name
            result.topicID = id
            if let topic = name.map({ topics[$0] }) ?? topicsByID[id] {
                result.name = topic.name
                result.topicID = topic.id
                if !delete(topic) { result.errorCode = ErrorCode.kafkaStorageError.rawValue }
            } else {
                let error: ErrorCode = name == nil ? .unknownTopicID : .unknownTopicOrPartition
                result.errorCode = error.rawValue
            }
            response.responses.append(result)
        }
        replyWhenKept(response, to: context)
    }

    /// Deletes a topic; false when the disk does not take that it is gone.
    private func delete(_ topic: Topic) -> Bool {
        guard keep(.topicDeleted(name: topic.name)) else { return false }
        topics[topic.name] = nil
        topicsByID[topic.id] = nil
        offsets.remove(topic: topic.name)
        transactions.forget(topic: topic.name)
        for partition in topic.partitions {
            partition.isDeleted = true
            dirty[ObjectIdentifier(partition)] = nil
            let waiters = partition.durabilityWaiters
            partition.durabilityWaiters = []
            for waiter in waiters { waiter.action(false) }
            wakeFetches(of: partition)
        }
        // After a crash the topic may be there again, but not without its records.
        removedTopics[topic.name] = topic.partitions.map(\.store.directory)
        afterJournalSync { [weak self] in
            guard let self else { return }
            for directory in self.removedTopics.removeValue(forKey: topic.name) ?? [] {
                self.remove(directory)
            }
        }
        return true
    }

    func createPartitions(
        _ request: CreatePartitionsRequest, _ context: RequestContext, now: Int64
    ) {
        var response = CreatePartitionsResponse()
        for wanted in request.topics {
            var result = CreatePartitionsResponse.CreatePartitionsTopicResult()
            result.name = wanted.name
            if let refusal = refusal(of: wanted) {
                result.errorCode = refusal.0.rawValue
                result.errorMessage = refusal.1
            } else if !request.validateOnly, let topic = topics[wanted.name] {
                if !add(Int(wanted.count) - topic.partitions.count, to: topic, now: now) {
                    result.errorCode = ErrorCode.kafkaStorageError.rawValue
                }
            }
            response.results.append(result)
        }
        replyWhenKept(response, to: context)
    }

    /// Adds partitions to a topic: all of them, or none when the disk does not take them.
    private func add(_ count: Int, to topic: Topic, now: Int64) -> Bool {
        let present = topic.partitions.count
        do throws(FileError) {
            try open(Int32(present)..<Int32(present + count), of: topic, now: now)
            if keep(.partitionsAdded(topic: topic.name, count: Int32(present + count))) {
                return true
            }
        } catch {
            log("\(topic.name): \(error)")
        }
        for partition in topic.partitions[present...] { remove(partition.store.directory) }
        topic.partitions.removeLast(topic.partitions.count - present)
        return false
    }

    private func refusal(
        of wanted: CreatePartitionsRequest.CreatePartitionsTopic
    ) -> (ErrorCode, String)? {
        guard let topic = topics[wanted.name] else {
            return (.unknownTopicOrPartition, "The topic does not exist.")
        }
        let present = topic.partitions.count
        guard Int(wanted.count) > present else {
            return (
                .invalidPartitions,
                "Topic currently has \(present) partitions, which is higher than or equal to"
                    + " the requested \(wanted.count)."
            )
        }
        let added = Int(wanted.count) - present
        guard partitionCount + added <= configuration.maximumPartitions else {
            return (.policyViolation, "More partitions than this broker keeps.")
        }
        if let assignments = wanted.assignments {
            guard assignments.count == added,
                assignments.allSatisfy({ $0.brokerIDs == [Self.nodeID] })
            else { return (.invalidReplicaAssignment, "There is one broker, \(Self.nodeID).") }
        }
        return nil
    }
}
