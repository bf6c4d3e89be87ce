import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("Compaction")
struct CompactionTests {
    private let files = FaultyFiles(seed: 21)
    private static let configs = [
        "segment.bytes": "250", "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01",
    ]

    private func broker(
        _ configs: [String: String] = [:], keys: Int = 1_000
    ) throws -> TestBroker {
        let broker = try TestBroker(files: files) { $0.compactionKeys = keys }
        try broker.createTopic("t", Self.configs.merging(configs) { $1 })
        return broker
    }

    private func write(_ broker: TestBroker, _ numbers: Range<Int>, keys: Int) throws {
        for number in numbers {
            let batch = TestBroker.batch(
                ["v\(number)"], keys: ["k\(number % keys)"], timestamp: broker.now)
            #expect(try broker.produce(batch, topic: "t").error == ErrorCode.none)
        }
    }

    private func passes(_ broker: TestBroker) -> Int {
        broker.lines.count { $0.contains("compacted") }
    }

    @Test("keeps the markers of transactions, and drops what was aborted")
    func markers() throws {
        let broker = try broker()
        let identity = try broker.initProducer("x")
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        for (number, commits) in [true, false].enumerated() {
            _ = try broker.addPartition("t", id: "x", producer: producer)
            let batch = TestBroker.batch(
                ["tx\(number)"], keys: ["tx"],
                producer: (producer.id, producer.epoch, Int32(number)), isTransactional: true)
            try broker.produce(batch, topic: "t")
            #expect(
                try broker.endTransaction("x", producer: producer, commit: commits)
                    == ErrorCode.none)
        }
        try write(broker, 0..<20, keys: 2)
        let before = try broker.headers("t").filter(\.isControl)
        #expect(before.map(\.baseOffset) == [1, 3])
        broker.maintain()
        #expect(passes(broker) == 1)
        let after = try broker.headers("t")
        #expect(after.filter(\.isControl) == before)
        #expect(after.count < 14)
        let view = try broker.read("t", isCommitted: false)
        #expect(view.values.contains("tx0") && !view.values.contains("tx1"))
        // The producer's last sequence number is known from its empty batch after a start from nothing.
        for name in try files.names(in: "/data/topics/t-0") where name.hasSuffix(".snapshot") {
            try files.remove("/data/topics/t-0/" + name)
        }
        let again = try TestBroker(files: files)
        #expect(try again.read("t").values == view.values)
        #expect(try again.headers("t").filter(\.isControl) == before)
    }

    @Test("gets through more keys than a pass takes up, and then rests", arguments: [1, 3, 7])
    func bound(keys: Int) throws {
        let broker = try broker(keys: keys)
        try write(broker, 0..<60, keys: 20)
        for _ in 0..<80 { broker.maintain() }
        let active = 3
        let values = try broker.read("t").values
        #expect(values.count <= 20 + active && values.suffix(20) == (40..<60).map { "v\($0)" }[...])
        let (operations, before) = (files.operations, passes(broker))
        for _ in 0..<3 { broker.maintain() }
        #expect(files.operations == operations && passes(broker) == before)
        // It knows after a restart where it was.
        let again = try TestBroker(files: files) { $0.compactionKeys = keys }
        again.maintain()
        #expect(passes(again) == 0)
        #expect(try again.read("t").values == values)
    }

    @Test("takes at least one batch a pass, though its keys are more than a pass has room for")
    func largeBatch() throws {
        let broker = try broker(keys: 2)
        for _ in 0..<3 {
            let keys = (0..<10).map { "k\($0)" }
            try broker.produce(TestBroker.batch(keys, keys: keys), topic: "t")
        }
        for _ in 0..<10 { broker.maintain() }
        #expect(
            try broker.read("t").offsets == Array(10..<30) || broker.read("t").offsets.count == 20)
    }

    @Test("keeps a tombstone until what it deletes is gone for good, and as long as is set")
    func tombstones() throws {
        let broker = try broker(["delete.retention.ms": "1000"])
        try write(broker, 0..<2, keys: 2)
        try broker.produce(TestBroker.tombstone("k0", timestamp: broker.now), topic: "t")
        try write(broker, 4..<10, keys: 1_000)
        broker.maintain()
        #expect(try broker.read("t").values.prefix(2) == ["v1", ""])
        broker.now += 2_000
        // A pass begins when there is something new.
        try write(broker, 10..<20, keys: 1_000)
        broker.maintain()
        #expect(try broker.read("t").values.prefix(2) == ["v1", "v4"])
    }

    @Test("leaves alone what is younger than min.compaction.lag.ms")
    func minimumLag() throws {
        let broker = try broker(["min.compaction.lag.ms": "5000"])
        try write(broker, 0..<20, keys: 1)
        broker.now += 4_000
        broker.maintain()
        #expect(try broker.read("t").values.count == 20 && passes(broker) == 0)
        broker.now += 1_000
        broker.maintain()
        #expect(try broker.read("t").values.count < 5)
    }

    @Test("does not wait for more once records are older than max.compaction.lag.ms")
    func maximumLag() throws {
        let broker = try broker([
            "min.cleanable.dirty.ratio": "1", "max.compaction.lag.ms": "5000",
        ])
        try write(broker, 0..<20, keys: 1)
        broker.maintain()
        #expect(passes(broker) == 1)
        try write(broker, 20..<30, keys: 1)
        broker.now += 4_000
        broker.maintain()
        #expect(passes(broker) == 1)
        broker.now += 1_001
        broker.maintain()
        #expect(passes(broker) == 2)
        #expect(
            try broker.configure("t", "min.compaction.lag.ms", "6000") == .invalidConfig)
    }

    @Test("does not stop the broker, whatever happens to the partition meanwhile")
    func meanwhile() throws {
        let broker = try broker(["cleanup.policy": "compact,delete"])
        try write(broker, 0..<20, keys: 2)
        broker.compactsAtOnce = false
        broker.maintain()
        #expect(try broker.deleteRecords("t", below: 7).error == ErrorCode.none)
        try write(broker, 20..<22, keys: 2)
        broker.compactsAtOnce = true
        broker.sync()
        var view = try broker.read("t", from: 7)
        #expect(view.startOffset == 7 && view.highWatermark == 22)
        #expect(view.values.suffix(2) == ["v20", "v21"] && view.values.count < 8)
        #expect(try TestBroker(files: files).read("t", from: 7).values == view.values)
        broker.compactsAtOnce = false
        try write(broker, 22..<40, keys: 2)
        broker.maintain()
        #expect(try broker.deleteTopic("t") == ErrorCode.none)
        try broker.createTopic("t", Self.configs)
        try write(broker, 0..<1, keys: 1)
        broker.compactsAtOnce = true
        broker.sync()
        view = try broker.read("t")
        #expect(view.values == ["v0"])
        #expect(try files.names(in: "/data/compaction").isEmpty)
        #expect(try TestBroker(files: files).read("t").values == ["v0"])
    }
}
