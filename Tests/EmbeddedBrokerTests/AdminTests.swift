import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("What administrators ask")
struct AdminTests {
    private let files = FaultyFiles(seed: 51)

    private func broker() throws -> TestBroker {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t", partitions: 2)
        return broker
    }

    @Test("OffsetDelete deletes what no member reads, of a group that is there")
    func offsetDelete() throws {
        let broker = try broker()
        try broker.createTopic("u")
        #expect(try broker.deleteOffset(group: "g") == .groupIDNotFound)
        for topic in ["t", "u"] {
            #expect(try broker.commit(5, group: "g", topic: topic) == ErrorCode.none)
        }
        _ = try broker.joinGroup("g")
        #expect(try broker.deleteOffset(group: "g", topic: "t") == .groupSubscribedToTopic)
        #expect(try broker.deleteOffset(group: "g", topic: "u") == ErrorCode.none)
        #expect(try broker.committed(group: "g", topic: "t") == 5)
        #expect(try broker.committed(group: "g", topic: "u") == -1)
        let next = try TestBroker(files: files.crashed())
        #expect(try next.committed(group: "g", topic: "t") == 5)
        #expect(try next.committed(group: "g", topic: "u") == -1)
    }

    private func replaceConfigs(
        _ broker: TestBroker, _ configs: [String: String], validateOnly: Bool = false
    ) throws -> ErrorCode? {
        var request = AlterConfigsRequest()
        request.validateOnly = validateOnly
        var resource = AlterConfigsRequest.AlterConfigsResource()
        resource.resourceType = 2
        resource.resourceName = "t"
        resource.configs = configs.sorted { $0.key < $1.key }.map {
            var config = AlterConfigsRequest.AlterConfigsResource.AlterableConfig()
            config.name = $0.key
            config.value = $0.value
            return config
        }
        request.resources = [resource]
        let response = try broker.ask(request, AlterConfigsResponse.self)
        return ErrorCode(rawValue: response.responses[0].errorCode)
    }

    @Test("the older AlterConfigs replaces all values of a topic, or only checks them")
    func alterConfigs() throws {
        let broker = try broker()
        _ = try broker.configure("t", "retention.ms", "5")
        #expect(
            try replaceConfigs(broker, ["segment.ms": "77"], validateOnly: true) == ErrorCode.none)
        #expect(try broker.configuration("t", "retention.ms") == "5")
        #expect(try replaceConfigs(broker, ["segment.ms": "0"]) == .invalidConfig)
        #expect(try replaceConfigs(broker, ["segment.ms": "77"]) == ErrorCode.none)
        let next = try TestBroker(files: files.crashed())
        for broker in [broker, next] {
            #expect(try broker.configuration("t", "retention.ms") == "604800000")
            #expect(try broker.configuration("t", "segment.ms") == "77")
        }
    }

    @Test("DescribeConfigs names what is in force and what would be, when it is asked for synonyms")
    func synonyms() throws {
        let broker = try broker()
        _ = try broker.configure("t", "retention.ms", "5")
        var request = DescribeConfigsRequest()
        request.includeSynonyms = true
        var resource = DescribeConfigsRequest.DescribeConfigsResource()
        resource.resourceType = 2
        resource.resourceName = "t"
        resource.configurationKeys = ["retention.ms", "segment.ms"]
        request.resources = [resource]
        let configs = try broker.ask(request, DescribeConfigsResponse.self).results[0].configs
        #expect(configs.map(\.configSource) == [1, 5])
        #expect(configs[0].synonyms.map(\.value) == ["5", "604800000"])
        #expect(configs[0].synonyms.map(\.source) == [1, 5])
        #expect(configs[1].synonyms.map(\.source) == [5])
    }

    @Test("Metadata finds topics by id, with a null and with an empty name")
    func topicIDs() throws {
        let broker = try broker()
        let id = try broker.ask(MetadataRequest(), MetadataResponse.self).topics[0].topicID
        for name in [nil, "" as String?] {
            var request = MetadataRequest()
            var known = MetadataRequest.MetadataRequestTopic()
            known.topicID = id
            known.name = name
            var unknown = known
            unknown.topicID = TopicID(high: 1, low: 2)
            request.topics = [known, unknown]
            let topics = try broker.ask(request, MetadataResponse.self).topics
            #expect(topics[0].name == "t" && topics[0].partitions.count == 2)
            #expect(topics[1].errorCode == ErrorCode.unknownTopicID.rawValue)
        }
        #expect(try broker.partitionCounts() == ["t": 2])
    }

    @Test("everything is allowed, to who asks what is")
    func allowedOperations() throws {
        let broker = try broker()
        #expect(try broker.commit(1, group: "g") == ErrorCode.none)
        var metadata = MetadataRequest()
        var topics = try broker.ask(metadata, MetadataResponse.self, version: 10)
        #expect(topics.clusterAuthorizedOperations == .min)
        #expect(topics.topics[0].topicAuthorizedOperations == .min)
        metadata.includeClusterAuthorizedOperations = true
        metadata.includeTopicAuthorizedOperations = true
        topics = try broker.ask(metadata, MetadataResponse.self, version: 10)
        #expect(topics.clusterAuthorizedOperations == 0b1_1111_1010_0000)
        #expect(topics.topics[0].topicAuthorizedOperations == 0b1101_1111_1000)
        var groups = DescribeGroupsRequest()
        groups.groups = ["g"]
        groups.includeAuthorizedOperations = true
        let described = try broker.ask(groups, DescribeGroupsResponse.self)
        #expect(described.groups[0].authorizedOperations == 0b1101_0100_1000)
        var cluster = DescribeClusterRequest()
        cluster.includeClusterAuthorizedOperations = true
        let found = try broker.ask(cluster, DescribeClusterResponse.self)
        #expect(found.clusterAuthorizedOperations == 0b1_1111_1010_0000)
    }

    @Test("OffsetForLeaderEpoch knows the end of the one epoch, and fences by the present one")
    func leaderEpoch() throws {
        let broker = try broker()
        try broker.produce(TestBroker.batch(["a", "b"]), topic: "t")
        typealias Wanted = OffsetForLeaderEpochRequest.OffsetForLeaderTopic
        func ask(
            _ epoch: Int32, current: Int32 = -1, partition: Int32 = 0
        ) throws -> (ErrorCode?, Int32, Int64) {
            var request = OffsetForLeaderEpochRequest()
            var topic = Wanted()
            topic.topic = "t"
            var part = Wanted.OffsetForLeaderPartition()
            part.partition = partition
            part.currentLeaderEpoch = current
            part.leaderEpoch = epoch
            topic.partitions = [part]
            request.topics = [topic]
            let result = try broker.ask(request, OffsetForLeaderEpochResponse.self)
                .topics[0].partitions[0]
            return (ErrorCode(rawValue: result.errorCode), result.leaderEpoch, result.endOffset)
        }
        #expect(try ask(0) == (ErrorCode.none, 0, 2))
        #expect(try ask(0, current: 0) == (ErrorCode.none, 0, 2))
        #expect(try ask(3) == (ErrorCode.none, -1, -1))
        #expect(try ask(0, current: 1).0 == .unknownLeaderEpoch)
        #expect(try ask(0, partition: 9).0 == .unknownTopicOrPartition)
    }

    @Test("DescribeLogDirs has the sizes of all partitions, or of those that are named")
    func logDirs() throws {
        let broker = try broker()
        let batch = TestBroker.batch(["a"])
        try broker.produce(batch, topic: "t", partition: 1)
        var request = DescribeLogDirsRequest()
        var result = try broker.ask(request, DescribeLogDirsResponse.self).results[0]
        #expect(result.errorCode == 0 && result.logDir == "/data")
        #expect(result.topics.map(\.name) == ["t"])
        #expect(result.topics[0].partitions.map(\.partitionSize) == [0, Int64(batch.count)])
        var topic = DescribeLogDirsRequest.DescribableLogDirTopic()
        topic.topic = "t"
        topic.partitions = [1, 7]
        var other = topic
        other.topic = "none"
        request.topics = [topic, other]
        result = try broker.ask(request, DescribeLogDirsResponse.self).results[0]
        #expect(result.topics.map(\.name) == ["t"])
        #expect(result.topics[0].partitions.map(\.partitionIndex) == [1])
    }

    @Test("DescribeProducers has the last sequence numbers and open transactions of a partition")
    func producers() throws {
        let broker = try broker()
        let plain = try broker.initProducer(nil)
        let identity = try broker.initProducer("x")
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        try broker.produce(
            TestBroker.batch(["a", "b"], producer: (plain.producerID, 0, 0)), topic: "t")
        _ = try broker.addPartition("t", id: "x", producer: producer)
        try broker.produce(
            TestBroker.batch(
                ["c"], producer: (producer.id, producer.epoch, 0), isTransactional: true),
            topic: "t")
        var request = DescribeProducersRequest()
        var topic = DescribeProducersRequest.TopicRequest()
        topic.name = "t"
        topic.partitionIndexes = [0, 9]
        request.topics = [topic]
        func partitions() throws -> [DescribeProducersResponse.TopicResponse.PartitionResponse] {
            try broker.ask(request, DescribeProducersResponse.self).topics[0].partitions
        }
        let found = try partitions()
        #expect(found[1].errorCode == ErrorCode.unknownTopicOrPartition.rawValue)
        let active = found[0].activeProducers
        #expect(active.map(\.producerID) == [plain.producerID, producer.id])
        #expect(active.map(\.lastSequence) == [1, 0])
        #expect(active.map(\.currentTxnStartOffset) == [-1, 2])
        _ = try broker.endTransaction("x", producer: producer, commit: true)
        #expect(try partitions()[0].activeProducers[1].currentTxnStartOffset == -1)
    }

    @Test("DescribeTransactions and ListTransactions say where each transaction stands")
    func transactions() throws {
        let broker = try broker()
        var identities: [Int64] = []
        for id in ["x", "y"] {
            let identity = try broker.initProducer(id, timeout: 7_000)
            identities.append(identity.producerID)
        }
        let producer = (id: identities[0], epoch: Int16(0))
        for partition in [Int32(1), 0] {
            _ = try broker.addPartition("t", partition, id: "x", producer: producer)
        }
        let started = broker.now
        broker.now += 50
        var describe = DescribeTransactionsRequest()
        describe.transactionalIDs = ["x", "y", "z"]
        let states = try broker.ask(describe, DescribeTransactionsResponse.self).transactionStates
        #expect(states.map(\.transactionState) == ["Ongoing", "Empty", ""])
        #expect(
            states.map(\.errorCode) == [0, 0, ErrorCode.transactionalIDNotFound.rawValue])
        #expect(states[0].transactionTimeoutMs == 7_000)
        #expect(states[0].transactionStartTimeMs == started)
        #expect(states[0].producerID == identities[0])
        #expect(states[0].topics.map(\.topic) == ["t"])
        #expect(states[0].topics[0].partitions == [0, 1])
        func list(
            states: [String] = [], producers: [Int64] = [], duration: Int64 = -1
        ) throws -> ([String], [String]) {
            var request = ListTransactionsRequest()
            request.stateFilters = states
            request.producerIDFilters = producers
            request.durationFilter = duration
            let response = try broker.ask(request, ListTransactionsResponse.self)
            return (
                response.transactionStates.map(\.transactionalID), response.unknownStateFilters
            )
        }
        #expect(try list() == (["x", "y"], []))
        #expect(try list(states: ["Ongoing", "Odd"]) == (["x"], ["Odd"]))
        #expect(try list(producers: [identities[1]]) == (["y"], []))
        #expect(try list(duration: 49) == (["x"], []))
        #expect(try list(duration: 50) == ([], []))
        _ = try broker.endTransaction("x", producer: producer, commit: false)
        #expect(try list(states: ["CompleteAbort"]).0 == ["x"])
    }

    @Test("DescribeTopicPartitions goes through topics and partitions a page at a time")
    func pages() throws {
        let broker = try broker()
        try broker.createTopic("a", partitions: 5)
        try broker.createTopic("z", partitions: 1)
        for limit in [Int32(1), 2, 3, 5, 8, 2_000] {
            var request = DescribeTopicPartitionsRequest()
            request.responsePartitionLimit = limit
            var seen: [String] = []
            var pages = 0
            while true {
                let page = try broker.ask(request, DescribeTopicPartitionsResponse.self)
                pages += 1
                #expect(page.topics.reduce(0) { $0 + $1.partitions.count } <= Int(limit))
                for topic in page.topics {
                    #expect(topic.errorCode == 0 && topic.topicID != .zero)
                    for partition in topic.partitions {
                        seen.append("\(topic.name ?? "")-\(partition.partitionIndex)")
                    }
                }
                guard let cursor = page.nextCursor else { break }
                var next = DescribeTopicPartitionsRequest.Cursor()
                next.topicName = cursor.topicName
                next.partitionIndex = cursor.partitionIndex
                request.cursor = next
                try #require(pages < 20)
            }
            #expect(seen == ["a-0", "a-1", "a-2", "a-3", "a-4", "t-0", "t-1", "z-0"], "\(limit)")
            #expect(pages == (8 + Int(limit) - 1) / Int(limit))
        }
        var request = DescribeTopicPartitionsRequest()
        request.topics = ["t", "none", "b@d"].map {
            var topic = DescribeTopicPartitionsRequest.TopicRequest()
            topic.name = $0
            return topic
        }
        let page = try broker.ask(request, DescribeTopicPartitionsResponse.self)
        #expect(page.topics.map(\.name) == ["b@d", "none", "t"])
        #expect(
            page.topics.map(\.errorCode) == [
                ErrorCode.invalidTopic.rawValue, ErrorCode.unknownTopicOrPartition.rawValue, 0,
            ])
    }
}
