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
        #expect(try broker.offset("t", at: 1_055) == 6)
        #expect(try broker.offset("t", at: 1_190) == 19)
        #expect(try broker.offset("t", at: 1_191) == -1)
        #expect(try broker.offset("t", at: -1) == 20)
        #expect(try broker.offset("t", at: -3) == 19)
        // Indexes are rebuilt when they are missing.
        for name in names where name.hasSuffix(".index") || name.hasSuffix(".snapshot") {
            try files.remove("/data/topics/t-0/" + name)
        }
        let again = try TestBroker(files: files)
        #expect(try again.read("t").values == all.values)
        #expect(try again.offset("t", at: 1_055) == 6)
    }

    @Test("segments roll by the age of their records, also over restarts")
    func age() throws {
        var broker = try TestBroker(files: files)
        try broker.createTopic("t", ["segment.ms": "1000"])
        for (timestamp, segments) in [
            (5_000_000, 1), (5_000_999, 1), (5_001_000, 2), (5_001_500, 2),
        ] {
            broker = try TestBroker(files: files)
            let batch = TestBroker.batch(["v"], timestamp: Int64(timestamp))
            try broker.produce(batch, topic: "t")
            let names = try files.names(in: "/data/topics/t-0")
            #expect(names.count { $0.hasSuffix(".log") } == segments, "\(timestamp)")
        }
        #expect(try broker.read("t").offsets == [0, 1, 2, 3])
    }

    @Test("timestamps outside of what the topic accepts are refused")
    func timestamps() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic(
            "t",
            ["message.timestamp.before.max.ms": "100", "message.timestamp.after.max.ms": "50"])
        func error(_ timestamp: Int64, records: Int = 1) throws -> ErrorCode? {
            let values = [String](repeating: "v", count: records)
            return try broker.produce(
                TestBroker.batch(values, timestamp: timestamp), topic: "t"
            ).error
        }
        #expect(try error(broker.now - 100) == ErrorCode.none)
        #expect(try error(broker.now - 101) == .invalidTimestamp)
        #expect(try error(broker.now + 50) == ErrorCode.none)
        #expect(try error(broker.now + 51) == .invalidTimestamp)
        // Every record counts: the second of these is one ms later.
        #expect(try error(broker.now + 50, records: 2) == .invalidTimestamp)
        _ = try broker.configure("t", "message.timestamp.type", "LogAppendTime")
        #expect(try error(1) == ErrorCode.none)
    }

    @Test("an index has an entry every index.interval.bytes")
    func indexInterval() throws {
        let broker = try TestBroker(files: files)
        var sizes: [Int64] = []
        for interval in ["0", "4096"] {
            let name = "t\(interval)"
            try broker.createTopic(
                name, ["segment.bytes": "2000", "index.interval.bytes": interval])
            for _ in 0..<30 { try broker.produce(TestBroker.batch(["v"]), topic: name) }
            let path = "/data/topics/\(name)-0/00000000000000000000.index"
            sizes.append(try files.open(path).size)
            #expect(try broker.read(name, from: 17).offsets.first == 17)
        }
        #expect(sizes[0] > sizes[1] + 20 * 24)
    }

    @Test("values that can't be are refused")
    func values() throws {
        let broker = try TestBroker(files: files)
        for (name, value) in [
            ("min.cleanable.dirty.ratio", "2"), ("min.cleanable.dirty.ratio", "x"),
            ("cleanup.policy", "none"), ("retention.ms", "-2"), ("flush", "sometimes"),
        ] {
            #expect(try broker.createTopic("t", [name: value]) == .invalidConfig, "\(name)")
        }
        let lags = ["min.compaction.lag.ms": "10", "max.compaction.lag.ms": "9"]
        #expect(try broker.createTopic("t", lags) == .invalidConfig)
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

    @Test("compaction keeps the newest of each key, and nothing aborted")
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
        #expect(try broker.deleteTopic("t") == ErrorCode.none)
        #expect(try broker.createTopic("t") == ErrorCode.none)
        broker = try TestBroker(files: files)
        #expect(try broker.read("t").highWatermark == 0)
    }

    @Test("offsets are not given out again, though the records that had them are gone")
    func emptySegment() throws {
        func path(_ base: Int, _ kind: String) -> String {
            let digits = String(base)
            let name = String(repeating: "0", count: 20 - digits.count) + digits
            return "/data/topics/t-0/\(name).\(kind)"
        }
        let broker = try TestBroker(files: files)
        try broker.createTopic(
            "t",
            [
                "segment.bytes": "100", "cleanup.policy": "compact",
                "min.cleanable.dirty.ratio": "0",
            ])
        for key in ["other", "k", "k", "k", "k"] {
            try broker.produce(TestBroker.batch(["v"], keys: [key]), topic: "t")
        }
        broker.maintain()
        #expect(try broker.read("t").offsets == [0, 3, 4])
        // A machine may lose the last record, and the snapshots; the first segments were deleted.
        try files.open(path(4, "log")).truncate(to: 0)
        for name in try files.names(in: "/data/topics/t-0") where name.hasSuffix(".snapshot") {
            try files.remove("/data/topics/t-0/" + name)
        }
        try files.remove(path(3, "log"))
        var next = try TestBroker(files: files)
        #expect(try next.offset("t", at: -1) == 4)
        #expect(try next.read("t").offsets == [0])
        try files.remove(path(0, "log"))
        for name in try files.names(in: "/data/topics/t-0") where name.hasSuffix(".snapshot") {
            try files.remove("/data/topics/t-0/" + name)
        }
        next = try TestBroker(files: files)
        #expect(try next.produce(TestBroker.batch(["v"], keys: ["k"]), topic: "t").offset == 4)
        #expect(try next.read("t").offsets == [4])
    }
}
