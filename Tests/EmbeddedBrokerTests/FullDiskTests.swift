import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("A full disk")
struct FullDiskTests {
    private let files = FaultyFiles(seed: 5)

    private func begin(_ broker: TestBroker) throws -> (id: Int64, epoch: Int16) {
        let identity = try broker.initProducer("x")
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        #expect(try broker.addPartition("t", id: "x", producer: producer) == ErrorCode.none)
        let batch = TestBroker.batch(["v"], producer: (producer.id, 0, 0), isTransactional: true)
        try broker.produce(batch, topic: "t")
        return producer
    }

    private func end(
        _ broker: TestBroker, _ producer: (id: Int64, epoch: Int16)
    ) throws -> UInt64 {
        var request = EndTxnRequest()
        request.transactionalID = "x"
        request.producerID = producer.id
        request.producerEpoch = producer.epoch
        request.committed = true
        return try broker.send(request)
    }

    @Test("holds the end of a transaction back until there is room, and then commits it")
    func heldEnd() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let producer = try begin(broker)
        files.isFull = true
        let slot = try end(broker, producer)
        #expect(broker.bytes(of: slot) == nil)
        #expect(try broker.read("t").values.isEmpty)
        files.isFull = false
        broker.tick(after: 30_000)
        let answer = try #require(try broker.answer(EndTxnResponse.self, to: slot))
        #expect(answer.response.errorCode == 0)
        #expect(try broker.read("t").values == ["v"])
    }

    @Test("holds markers back until there is room, and the partition then goes on")
    func heldMarkers() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let producer = try begin(broker)
        files.fullPath = "/data/topics/"
        let slot = try end(broker, producer)
        #expect(broker.bytes(of: slot) == nil)
        #expect(
            try broker.produce(TestBroker.batch(["no"]), topic: "t").error == .kafkaStorageError)
        files.fullPath = nil
        broker.tick(after: 30_000)
        #expect(broker.bytes(of: slot) != nil)
        try broker.produce(TestBroker.batch(["w"]), topic: "t")
        #expect(try broker.read("t").values == ["v", "w"])
    }

    @Test("a decision that was never written is none after a restart")
    func undecided() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let producer = try begin(broker)
        files.isFull = true
        _ = try end(broker, producer)
        let next = try TestBroker(files: files.crashed())
        #expect(try next.read("t").values.isEmpty)
        #expect(try next.endTransaction("x", producer: producer, commit: false) == ErrorCode.none)
        #expect(try next.read("t").values.isEmpty && next.read("t").lastStableOffset == 2)
    }

    @Test("refuses new partitions of a transaction and its offsets, and takes them later")
    func refusals() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t", partitions: 2)
        let producer = try begin(broker)
        files.isFull = true
        let refused = try broker.addPartition("t", 1, id: "x", producer: producer)
        #expect(refused == .coordinatorNotAvailable)
        files.isFull = false
        #expect(try broker.addPartition("t", 1, id: "x", producer: producer) == ErrorCode.none)
    }

    @Test("adds no partitions that it could not remember")
    func partitions() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        var request = CreatePartitionsRequest()
        var topic = CreatePartitionsRequest.CreatePartitionsTopic()
        topic.name = "t"
        topic.count = 3
        request.topics = [topic]
        files.isFull = true
        var response = try broker.ask(request, CreatePartitionsResponse.self)
        #expect(response.results[0].errorCode == ErrorCode.kafkaStorageError.rawValue)
        files.isFull = false
        let batch = TestBroker.batch(["v"])
        #expect(
            try broker.produce(batch, topic: "t", partition: 2).error == .unknownTopicOrPartition)
        response = try broker.ask(request, CreatePartitionsResponse.self)
        #expect(response.results[0].errorCode == 0)
        #expect(try broker.produce(batch, topic: "t", partition: 2).error == ErrorCode.none)
    }

    @Test("keeps records whose deletion it could not remember, by request and by retention")
    func deletion() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t", ["segment.bytes": "200", "retention.ms": "5000"])
        for _ in 0..<10 {
            try broker.produce(TestBroker.batch(["v"], timestamp: broker.now), topic: "t")
        }
        let names = try files.names(in: "/data/topics/t-0")
        files.fullPath = "/data/journal"
        #expect(try broker.deleteRecords("t", below: 5).error == .kafkaStorageError)
        broker.now += 6_000
        broker.maintain()
        #expect(try broker.offset("t", at: -2) == 0)
        #expect(try broker.read("t").values.count == 10)
        #expect(Set(names).isSubset(of: try files.names(in: "/data/topics/t-0")))
        files.fullPath = nil
        #expect(try broker.deleteRecords("t", below: 5).lowWatermark == 5)
        broker.maintain()
        #expect(try broker.offset("t", at: -2) == 10)
        #expect(try TestBroker(files: files.crashed()).offset("t", at: -2) == 10)
    }

    @Test("keeps offsets and groups whose deletion it could not remember")
    func groups() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        #expect(try broker.commit(7, group: "g") == ErrorCode.none)
        files.isFull = true
        #expect(try broker.deleteOffset(group: "g") == .kafkaStorageError)
        #expect(try broker.committed(group: "g") == 7)
        #expect(try broker.deleteGroup("g") == .kafkaStorageError)
        #expect(try broker.committed(group: "g") == 7)
        #expect(try broker.deleteTopic("t") == .kafkaStorageError)
        #expect(try broker.configure("t", "retention.ms", "7") == .kafkaStorageError)
        #expect(try broker.configuration("t", "retention.ms") == "604800000")
        files.isFull = false
        #expect(try broker.deleteOffset(group: "g") == ErrorCode.none)
        #expect(try broker.commit(8, group: "g") == ErrorCode.none)
        #expect(try broker.deleteGroup("g") == ErrorCode.none)
        let next = try TestBroker(files: files.crashed())
        #expect(try next.committed(group: "g") == -1)
        #expect(try next.deleteGroup("g") == .groupIDNotFound)
    }
}
