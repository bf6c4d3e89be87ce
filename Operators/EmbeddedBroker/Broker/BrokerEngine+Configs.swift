internal import BrokerModel

// DescribeConfigs, AlterConfigs, IncrementalAlterConfigs.

extension BrokerEngine {
    private static let topicResource: Int8 = 2
    private static let brokerResource: Int8 = 4

    func describeConfigs(_ request: DescribeConfigsRequest) -> DescribeConfigsResponse {
        var response = DescribeConfigsResponse()
        response.results = request.resources.map { resource in
            var result = DescribeConfigsResponse.DescribeConfigsResult()
            result.resourceType = resource.resourceType
            result.resourceName = resource.resourceName
            let wanted = resource.configurationKeys
            func isWanted(_ name: String) -> Bool {
                wanted.map { $0.isEmpty || $0.contains(name) } ?? true
            }
            switch resource.resourceType {
            case Self.topicResource:
                guard let topic = topics[resource.resourceName] else {
                    result.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
                    result.errorMessage = "The topic does not exist."
                    return result
                }
                result.configs = TopicConfig.definitions.filter { isWanted($0.name) }.map {
                    describe($0, of: topic, withSynonyms: request.includeSynonyms)
                }
            case Self.brokerResource:
                guard ["", String(Self.nodeID)].contains(resource.resourceName) else {
                    result.errorCode = ErrorCode.invalidRequest.rawValue
                    result.errorMessage = "There is one broker, \(Self.nodeID)."
                    return result
                }
                result.configs = brokerConfigs.filter { isWanted($0.0) }.map { name, value in
                    var entry = DescribeConfigsResponse.DescribeConfigsResult
                        .DescribeConfigsResourceResult()
                    entry.name = name
                    entry.value = value
                    entry.readOnly = true
                    entry.configSource = 4
                    return entry
                }
            default:
                result.errorCode = ErrorCode.invalidRequest.rawValue
                result.errorMessage = "Resources of this type have no configuration here."
            }
            return result
        }
        return response
    }

    private func describe(
        _ definition: TopicConfig.Definition, of topic: Topic, withSynonyms: Bool
    ) -> DescribeConfigsResponse.DescribeConfigsResult.DescribeConfigsResourceResult {
        var entry = DescribeConfigsResponse.DescribeConfigsResult.DescribeConfigsResourceResult()
        entry.name = definition.name
        entry.value = topic.config.value(definition.name)
        // 1: set for the topic; 5: the default.
        entry.configSource = topic.config.overrides[definition.name] == nil ? 5 : 1
        switch definition.kind {
        case .boolean: entry.configType = 1
        case .choice, .text: entry.configType = 2
        case .integer: entry.configType = 3
        case .long: entry.configType = 5
        case .ratio: entry.configType = 6
        case .list, .replicas: entry.configType = 7
        }
        guard withSynonyms else { return entry }
        // What is in force, and what would be without it.
        typealias Synonym = DescribeConfigsResponse.DescribeConfigsResult
            .DescribeConfigsResourceResult.DescribeConfigsSynonym
        let standard = TopicConfig(defaultFlush: configuration.flush).value(definition.name)
        for (value, source) in [(topic.config.overrides[definition.name], 1), (standard, 5)] {
            guard let value else { continue }
            var synonym = Synonym()
            synonym.name = definition.name
            synonym.value = value
            synonym.source = Int8(source)
            entry.synonyms.append(synonym)
        }
        return entry
    }

    private var brokerConfigs: [(String, String)] {
        [
            ("auto.create.topics.enable", String(configuration.autoCreateTopics)),
            ("default.replication.factor", "1"),
            (
                "group.initial.rebalance.delay.ms",
                String(configuration.groups.initialRebalanceDelay)
            ),
            ("log.dirs", configuration.dataDirectory),
            ("num.partitions", String(configuration.defaultPartitions)),
            ("offsets.retention.minutes", String(configuration.offsetRetention / 60_000)),
            ("offsets.topic.replication.factor", "1"),
            ("transaction.max.timeout.ms", String(configuration.transactions.timeout)),
        ]
    }

    func alterConfigs(_ request: AlterConfigsRequest, _ context: RequestContext) {
        var response = AlterConfigsResponse()
        for resource in request.resources {
            var changes: [(String, Int8, String?)] = []
            for config in resource.configs { changes.append((config.name, 0, config.value)) }
            let refusal = alter(
                resource.resourceType, resource.resourceName, changes, isReplacing: true,
                validateOnly: request.validateOnly)
            var result = AlterConfigsResponse.AlterConfigsResourceResponse()
            result.resourceType = resource.resourceType
            result.resourceName = resource.resourceName
            result.errorCode = (refusal?.0 ?? .none).rawValue
            result.errorMessage = refusal?.1
            response.responses.append(result)
        }
        replyWhenKept(response, to: context)
    }

    func incrementalAlterConfigs(
        _ request: IncrementalAlterConfigsRequest, _ context: RequestContext
    ) {
        var response = IncrementalAlterConfigsResponse()
        for resource in request.resources {
            let changes = resource.configs.map { ($0.name, $0.configOperation, $0.value) }
            let refusal = alter(
                resource.resourceType, resource.resourceName, changes, isReplacing: false,
                validateOnly: request.validateOnly)
            var result = IncrementalAlterConfigsResponse.AlterConfigsResourceResponse()
            result.resourceType = resource.resourceType
            result.resourceName = resource.resourceName
            result.errorCode = (refusal?.0 ?? .none).rawValue
            result.errorMessage = refusal?.1
            response.responses.append(result)
        }
        replyWhenKept(response, to: context)
    }

    /// Changes a topic's values; 0 sets one, 1 resets it, 2 and 3 add to and take from a list.
    private func alter(
        _ type: Int8, _ name: String, _ changes: [(String, Int8, String?)], isReplacing: Bool,
        validateOnly: Bool
    ) -> (ErrorCode, String)? {
        guard type == Self.topicResource else {
            return (.invalidRequest, "Only topics can be configured while the broker runs.")
        }
        guard let topic = topics[name] else {
            return (.unknownTopicOrPartition, "The topic does not exist.")
        }
        var config =
            isReplacing ? TopicConfig(defaultFlush: configuration.flush) : topic.config
        for (key, operation, value) in changes {
            var new = value
            if operation == 2 || operation == 3 {
                let present = config.value(key).split(separator: ",").map(String.init)
                let given = (value ?? "").split(separator: ",").map(\.trimmingSpaces)
                let rest = present.filter { !given.contains($0) }
                new = (operation == 2 ? rest + given : rest).joined(separator: ",")
            } else if operation == 1 {
                guard TopicConfig.definitions.contains(where: { $0.name == key }) else {
                    return (.invalidConfig, "Unknown topic config name: \(key)")
                }
                config.set(key, nil)
                continue
            } else if operation != 0 {
                return (.invalidRequest, "Unknown operation \(operation).")
            }
            guard let new else { return (.invalidConfig, "Null value for \(key)") }
            if let message = TopicConfig.refusal(key, new) { return (.invalidConfig, message) }
            config.set(key, new)
        }
        if let conflict = config.conflict { return (.invalidConfig, conflict) }
        guard !validateOnly else { return nil }
        guard keep(.configsSet(topic: name, configs: config.overrides)) else {
            return (.kafkaStorageError, "The change could not be kept.")
        }
        topic.config = config
        for partition in topic.partitions {
            partition.store.isDurable = config.flush == .ack
            // A policy that promises less shows readers at once what the old one held back.
            if config.flush != .ack {
                partition.store.log.raiseHighWatermark(to: partition.store.log.endOffset)
                wakeFetches(of: partition)
            }
        }
        return nil
    }
}
