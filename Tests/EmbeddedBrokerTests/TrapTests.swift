import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("The broker answers as Kafka does")
struct TrapTests {
    private let files = FaultyFiles(seed: 1)

    @Test("ApiVersions with a header that every client can read, and error 35 for a new version")
    func apiVersions() throws {
        let broker = try TestBroker(files: files)
        let slot = try broker.send(ApiVersionsRequest(), version: 3)
        let flexible = try #require(broker.bytes(of: slot))
        // Length, correlation id, error: no tagged fields between the last two.
        #expect(Array(flexible[4..<10]) == [0, 0, 0, 1, 0, 0])
        var unknown = RequestHeader(apiKey: 18, version: 99, correlationID: 5, clientID: nil)
            .write(isFlexible: false)
        unknown.raw([1, 2, 3])
        let other = try broker.send(unknown.bytes)
        let answer = try #require(broker.bytes(of: other))
        #expect(Array(answer[4..<10]) == [0, 0, 0, 5, 0, 35])
        let keys = try #require(
            try broker.answer(ApiVersionsResponse.self, to: other, version: 0)
        ).response.apiKeys
        #expect(keys.first { $0.apiKey == 0 }?.minVersion == 0)
        #expect(keys.count == 37)
    }

    @Test(
        "an API or a version that is not served ends the connection",
        arguments: [
            (71, 0), (0, 2), (1, 99), (999, 0),
        ])
    func notServed(key: Int, version: Int) throws {
        let broker = try TestBroker(files: files)
        let header = RequestHeader(
            apiKey: Int16(key), version: Int16(version), correlationID: 1, clientID: nil)
        #expect(throws: CodecError.self) { try broker.send(header.write(isFlexible: true).bytes) }
    }

    @Test("the group protocol of KIP-848 is not announced, and declined to who asks all the same")
    func newGroupProtocol() throws {
        let broker = try TestBroker(files: files)
        let announced = try broker.ask(ApiVersionsRequest(), ApiVersionsResponse.self, version: 4)
        #expect(!announced.apiKeys.contains { $0.apiKey == 68 })
        var request = ConsumerGroupHeartbeatRequest()
        request.groupID = "g"
        request.subscribedTopicNames = ["t"]
        let answer = try broker.ask(request, ConsumerGroupHeartbeatResponse.self)
        #expect(answer.errorCode == ErrorCode.unsupportedVersion.rawValue)
        // Correlation id, tagged fields, throttle time, error 35: as laid out in Kafka's schema.
        let slot = try broker.send(request, version: 0)
        let bytes = try #require(broker.bytes(of: slot))
        #expect(Array(bytes[8..<15]) == [0, 0, 0, 0, 0, 0, 35])
    }

    @Test("an acknowledged batch is deduplicated after a restart, and its offset is told again")
    func deduplication() throws {
        var broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let producer = try broker.initProducer(nil).producerID
        for number in 0..<6 {
            let batch = TestBroker.batch(["v\(number)"], producer: (producer, 0, Int32(number)))
            #expect(try broker.produce(batch, topic: "t").offset == Int64(number))
        }
        broker = try TestBroker(files: files.crashed())
        for number in 1..<6 {
            let again = TestBroker.batch(["v\(number)"], producer: (producer, 0, Int32(number)))
            let result = try broker.produce(again, topic: "t")
            #expect(result.error == ErrorCode.none && result.offset == Int64(number))
        }
        #expect(try broker.read("t").values.count == 6)
        #expect(try broker.initProducer(nil).producerID > producer)
    }

    @Test("aborted transactions and the stable offset are right after a restart and DeleteRecords")
    func abortedIndex() throws {
        var broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let one = try broker.initProducer("one")
        let aborted = (id: one.producerID, epoch: one.producerEpoch)
        _ = try broker.addPartition("t", id: "one", producer: aborted)
        try broker.produce(
            TestBroker.batch(["a"], producer: (aborted.id, 0, 0), isTransactional: true),
            topic: "t")
        #expect(
            try broker.endTransaction("one", producer: aborted, commit: false) == ErrorCode.none)
        try broker.produce(TestBroker.batch(["plain"]), topic: "t")
        let two = try broker.initProducer("two")
        let open = (id: two.producerID, epoch: two.producerEpoch)
        _ = try broker.addPartition("t", id: "two", producer: open)
        try broker.produce(
            TestBroker.batch(["open"], producer: (open.id, 0, 0), isTransactional: true),
            topic: "t")
        try broker.produce(TestBroker.batch(["behind"]), topic: "t")

        broker = try TestBroker(files: files.crashed())
        var view = try broker.read("t")
        #expect(view.values == ["plain"])
        #expect(view.lastStableOffset == 3 && view.highWatermark == 5 && view.aborted.contains(0))
        var request = DeleteRecordsRequest()
        var topic = DeleteRecordsRequest.DeleteRecordsTopic()
        topic.name = "t"
        var partition = DeleteRecordsRequest.DeleteRecordsTopic.DeleteRecordsPartition()
        partition.offset = 2
        topic.partitions = [partition]
        request.topics = [topic]
        let deleted = try broker.ask(request, DeleteRecordsResponse.self)
        #expect(deleted.topics[0].partitions[0].lowWatermark == 2)
        view = try broker.read("t", from: 2)
        #expect(view.startOffset == 2 && view.lastStableOffset == 3 && view.aborted.isEmpty)
        #expect(try broker.read("t", from: 0).error == .offsetOutOfRange)
        #expect(try broker.endTransaction("two", producer: open, commit: true) == ErrorCode.none)
        #expect(try broker.read("t", from: 2).values == ["plain", "open", "behind"])
    }

    @Test("a transaction past its timeout is aborted, and its producer fenced")
    func timeout() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let identity = try broker.initProducer("x", timeout: 5_000)
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        _ = try broker.addPartition("t", id: "x", producer: producer)
        let batch = TestBroker.batch(["v"], producer: (producer.id, 0, 0), isTransactional: true)
        try broker.produce(batch, topic: "t")
        broker.tick(after: 5_000)
        let view = try broker.read("t")
        #expect(view.values.isEmpty && view.lastStableOffset == 2)
        #expect(
            try broker.endTransaction("x", producer: producer, commit: true) == .producerFenced)
        let zombie = TestBroker.batch(["z"], producer: (producer.id, 0, 1), isTransactional: true)
        #expect(try broker.produce(zombie, topic: "t").error == .invalidProducerEpoch)
    }

    @Test("a batch outside a transaction that named the partition is refused")
    func verification() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let identity = try broker.initProducer("x")
        let batch = TestBroker.batch(
            ["v"], producer: (identity.producerID, 0, 0), isTransactional: true)
        #expect(try broker.produce(batch, topic: "t").error == .transactionAbortable)
    }

    private func commit(_ offset: Int64, _ topic: String) -> TxnOffsetCommitRequest {
        var request = TxnOffsetCommitRequest()
        request.transactionalID = "x"
        request.groupID = "g"
        var wanted = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic()
        wanted.name = topic
        var part = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic
            .TxnOffsetCommitRequestPartition()
        part.committedOffset = offset
        part.committedMetadata = "m\(offset)"
        wanted.partitions = [part]
        request.topics = [wanted]
        return request
    }

    private func committed(
        _ broker: TestBroker, stable: Bool
    ) throws -> (offset: Int64, metadata: String?, error: ErrorCode?) {
        var request = OffsetFetchRequest()
        request.requireStable = stable
        var group = OffsetFetchRequest.OffsetFetchRequestGroup()
        group.groupID = "g"
        var topic = OffsetFetchRequest.OffsetFetchRequestGroup.OffsetFetchRequestTopics()
        topic.name = "t"
        topic.partitionIndexes = [0]
        group.topics = [topic]
        request.groups = [group]
        let response = try broker.ask(request, OffsetFetchResponse.self)
        let part = response.groups[0].topics[0].partitions[0]
        return (part.committedOffset, part.metadata, ErrorCode(rawValue: part.errorCode))
    }

    @Test("offsets in a transaction count after its commit; who requires stable ones is told")
    func transactionalOffsets() throws {
        var broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let identity = try broker.initProducer("x")
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        var add = AddOffsetsToTxnRequest()
        add.transactionalID = "x"
        add.producerID = producer.id
        add.producerEpoch = producer.epoch
        add.groupID = "g"
        #expect(try broker.ask(add, AddOffsetsToTxnResponse.self).errorCode == 0)
        var request = commit(42, "t")
        request.producerID = producer.id
        request.producerEpoch = producer.epoch
        let answer = try broker.ask(request, TxnOffsetCommitResponse.self)
        #expect(answer.topics[0].partitions[0].errorCode == 0)
        broker = try TestBroker(files: files.crashed())
        #expect(try committed(broker, stable: true).error == .unstableOffsetCommit)
        #expect(try committed(broker, stable: false).offset == -1)
        #expect(try broker.endTransaction("x", producer: producer, commit: true) == ErrorCode.none)
        let found = try committed(broker, stable: true)
        #expect(found.offset == 42 && found.metadata == "m42" && found.error == ErrorCode.none)
    }

    @Test("fetch sessions are declined with id 0, and unknown ones refused")
    func sessions() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        var request = TestBroker.fetchRequest(topic: "t", from: 0, isCommitted: false)
        request.sessionEpoch = 0
        #expect(try broker.ask(request, FetchResponse.self, version: 11).sessionID == 0)
        request.sessionID = 9
        request.sessionEpoch = 1
        let refused = try broker.ask(request, FetchResponse.self, version: 11)
        #expect(refused.errorCode == ErrorCode.fetchSessionIDNotFound.rawValue)
    }

    @Test("a read waits for enough bytes, and no longer than it says")
    func longPoll() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let request = TestBroker.fetchRequest(
            topic: "t", from: 0, isCommitted: false, maxWait: 500, minBytes: 100)
        var slot = try broker.send(request, version: 11)
        try broker.produce(TestBroker.batch(["v"]), topic: "t")
        #expect(broker.bytes(of: slot) == nil)
        try broker.produce(TestBroker.batch(["w"]), topic: "t")
        #expect(broker.bytes(of: slot) != nil)
        slot = try broker.send(
            TestBroker.fetchRequest(topic: "t", from: 2, isCommitted: false, maxWait: 500),
            version: 11)
        broker.tick(after: 499)
        #expect(broker.bytes(of: slot) == nil)
        broker.tick(after: 1)
        #expect(broker.bytes(of: slot) != nil)
    }

    @Test("acks=all with flush=ack is answered after the sync, and not shown before")
    func groupCommit() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        broker.syncsAtOnce = false
        var slots: [UInt64] = []
        for number in 0..<3 {
            let batch = TestBroker.batch(["v\(number)"])
            slots.append(
                try broker.send(TestBroker.produceRequest(batch, topic: "t")))
        }
        #expect(slots.allSatisfy { broker.bytes(of: $0) == nil })
        #expect(try broker.read("t").highWatermark == 0)
        let before = files.operations
        broker.sync()
        // One sync for all three.
        #expect(files.operations == before + 1)
        #expect(slots.allSatisfy { broker.bytes(of: $0) != nil })
        #expect(try broker.read("t").values == ["v0", "v1", "v2"])
    }

    @Test("damaged and unwelcome batches get the error that Kafka gives")
    func refusals() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t", ["max.message.bytes": "200"])
        try broker.createTopic("compacted", ["cleanup.policy": "compact"])
        let good = TestBroker.batch(["v"])
        var damaged = good
        damaged[damaged.count - 1] ^= 1
        #expect(try broker.produce(damaged, topic: "t").error == .corruptMessage)
        var old = good
        old[16] = 1
        #expect(try broker.produce(old, topic: "t").error == .invalidRecord)
        #expect(try broker.produce(good + good, topic: "t").error == .invalidRecord)
        let large = TestBroker.batch([String(repeating: "x", count: 300)])
        #expect(try broker.produce(large, topic: "t").error == .messageTooLarge)
        #expect(try broker.produce(good, topic: "compacted").error == .invalidRecord)
        #expect(try broker.produce(good, topic: "none").error == .unknownTopicOrPartition)
        let answer = try broker.ask(
            TestBroker.produceRequest(good, topic: "t", acks: 2), ProduceResponse.self)
        #expect(
            answer.responses[0].partitionResponses[0].errorCode
                == ErrorCode.invalidRequiredAcks.rawValue)
    }

    @Test("a topic may be deleted while its records are synced, and who waits for them is told")
    func deletionDuringSync() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        broker.syncsAtOnce = false
        let slot = try broker.send(
            TestBroker.produceRequest(TestBroker.batch(["v"]), topic: "t"))
        let jobs = broker.engine.takeSyncJobs(.prompt)
        #expect(!jobs.isEmpty)
        var request = DeleteTopicsRequest()
        var topic = DeleteTopicsRequest.DeleteTopicState()
        topic.name = "t"
        request.topics = [topic]
        let deletion = try broker.send(request)
        let answer = try #require(try broker.answer(ProduceResponse.self, to: slot))
        #expect(
            answer.response.responses[0].partitionResponses[0].errorCode
                == ErrorCode.kafkaStorageError.rawValue)
        broker.engine.finishSync(jobs.map { ($0.number, $0.run()) }, in: .prompt, now: broker.now)
        broker.sync()
        #expect(broker.bytes(of: deletion) != nil)
        #expect(try files.names(in: "/data/topics").isEmpty)
    }
}
