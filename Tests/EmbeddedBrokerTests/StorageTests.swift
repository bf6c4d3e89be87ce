import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("Storage")
struct StorageTests {
    private let files = FaultyFiles(seed: 3)

    @Test("a full disk is answered with KAFKA_STORAGE_ERROR, and what was there stays")
    func fullDisk() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        try broker.produce(TestBroker.batch(["a"]), topic: "t")
        files.isFull = true
        #expect(try broker.produce(TestBroker.batch(["b"]), topic: "t").error == .kafkaStorageError)
        #expect(try broker.createTopic("u") == .kafkaStorageError)
        #expect(try broker.read("t").values == ["a"])
        files.isFull = false
        #expect(try broker.produce(TestBroker.batch(["c"]), topic: "t").offset == 1)
        #expect(try broker.read("t").values == ["a", "c"])
    }

    @Test("segments roll, are found by offset and time, and are read across")
    func segments() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t", ["segment.bytes": "300"])
        for number in 0..<20 {
            let batch = TestBroker.batch(["v\(number)"], timestamp: 1_000 + Int64(number) * 10)
            try broker.produce(batch, topic: "t")
        }
        let names = try files.names(in: "/data/topics/t-0")
        #expect(names.filter { $0.hasSuffix(".log") }.count >= 5)
        let all = try broker.read("t")
        #expect(all.values == (0..<20).map { "v\($0)" } && all.offsets == Array(0..<20))
        #expect(try broker.read("t", from: 13).values.first == "v13")
        #expect(try offset(broker, at: 1_055) == 6)
        #expect(try offset(broker, at: 1_190) == 19)
        #expect(try offset(broker, at: 1_191) == -1)
        #expect(try offset(broker, at: -1) == 20)
        #expect(try offset(broker, at: -3) == 19)
        // Indexes are rebuilt when they are missing.
        for name in names where name.hasSuffix(".index") || name.hasSuffix(".snapshot") {
            try files.remove("/data/topics/t-0/" + name)
        }
        let again = try TestBroker(files: files)
        #expect(try again.read("t").values == all.values)
        #expect(try offset(again, at: 1_055) == 6)
    }

    private func offset(_ broker: TestBroker, at timestamp: Int64) throws -> Int64 {
        var request = ListOffsetsRequest()
        var topic = ListOffsetsRequest.ListOffsetsTopic()
        topic.name = "t"
        var partition = ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition()
        partition.timestamp = timestamp
        topic.partitions = [partition]
        request.topics = [topic]
        let response = try broker.ask(request, ListOffsetsResponse.self)
        return response.topics[0].partitions[0].offset
    }

    @Test("retention drops closed segments by time and by size")
    func retention() throws {
        let broker = try TestBroker(files: files, now: 1_000_000)
        try broker.createTopic("t", ["segment.bytes": "300", "retention.ms": "1000"])
        try broker.createTopic("s", ["segment.bytes": "300", "retention.bytes": "400"])
        for number in 0..<10 {
            let batch = TestBroker.batch(["v\(number)"], timestamp: 1_000_000 + Int64(number))
            try broker.produce(batch, topic: "t")
            try broker.produce(batch, topic: "s")
        }
        broker.maintain()
        #expect(try broker.read("t").values.count == 10)
        let start = try broker.read("s", from: 9).startOffset
        #expect(start > 0 && start < 10)
        broker.now = 1_002_000
        broker.maintain()
        let view = try broker.read("t", from: 10)
        #expect(view.startOffset == 10 && view.highWatermark == 10)
        let again = try TestBroker(files: files)
        #expect(try again.read("t", from: 10).startOffset == 10)
        #expect(try again.produce(TestBroker.batch(["next"]), topic: "t").offset == 10)
    }

    @Test("compaction keeps the newest of each key, markers, and nothing aborted")
    func compaction() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t", ["segment.bytes": "300", "cleanup.policy": "compact"])
        let one = try broker.initProducer("x")
        let producer = (id: one.producerID, epoch: one.producerEpoch)
        _ = try broker.addPartition("t", id: "x", producer: producer)
        let aborted = TestBroker.batch(
            ["bad"], keys: ["k0"], producer: (producer.id, 0, 0), isTransactional: true)
        try broker.produce(aborted, topic: "t")
        _ = try broker.endTransaction("x", producer: producer, commit: false)
        for number in 0..<20 {
            let batch = TestBroker.batch(["v\(number)"], keys: ["k\(number % 3)"])
            try broker.produce(batch, topic: "t")
        }
        let before = try broker.read("t", isCommitted: false)
        #expect(before.values.contains("bad"))
        broker.maintain()
        #expect(broker.lines.contains { $0.contains("compacted") }, "\(broker.lines)")
        let after = try broker.read("t", isCommitted: false)
        #expect(after.values.count < 8 && !after.values.contains("bad"))
        #expect(Array(after.values.suffix(3)) == ["v17", "v18", "v19"])
        #expect(after.highWatermark == 22)
        let again = try TestBroker(files: files)
        #expect(try again.read("t", isCommitted: false).values == after.values)
        // A power cut may bring old segments back, whole, but no others.
        let crashed = try TestBroker(files: files.crashed())
        let values = try crashed.read("t", isCommitted: false).values
        #expect(Set(after.values).isSubset(of: values) && Array(values.suffix(1)) == ["v19"])
        #expect(try again.read("t").lastStableOffset == 22)
        #expect(try again.produce(TestBroker.batch(["n"], keys: ["k"]), topic: "t").offset == 22)
    }

    @Test("a topic that was deleted and made again is empty and has another id")
    func recreation() throws {
        var broker = try TestBroker(files: files)
        try broker.createTopic("t")
        try broker.produce(TestBroker.batch(["a"]), topic: "t")
        var request = DeleteTopicsRequest()
        var topic = DeleteTopicsRequest.DeleteTopicState()
        topic.name = "t"
        request.topics = [topic]
        let deleted = try broker.ask(request, DeleteTopicsResponse.self)
        #expect(deleted.responses[0].errorCode == 0)
        #expect(try broker.createTopic("t") == ErrorCode.none)
        broker = try TestBroker(files: files)
        #expect(try broker.read("t").highWatermark == 0)
    }
}
