import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("The journal")
struct JournalTests {
    private static let path = "/data/journal"
    private let files = FaultyFiles(seed: 11)

    private func size() throws -> Int64 { try files.open(Self.path).size }

    /// A broker with three topics, stopped by pulling the plug; what each entry ends at.
    private func populate() throws -> [Int64] {
        let broker = try TestBroker(files: files)
        var ends: [Int64] = [try size()]
        for name in ["a", "b", "c"] {
            #expect(try broker.createTopic(name) == ErrorCode.none)
            try broker.produce(TestBroker.batch(["v"]), topic: name)
            ends.append(try size())
        }
        return ends
    }

    @Test(
        "with a damaged entry amidst whole ones keeps the broker from starting, and stays as it is")
    func damage() throws {
        let ends = try populate()
        let before = try size()
        files.corrupt(Self.path, at: Int(ends[1]) - 3)
        let error = #expect(throws: FileError.self) { _ = try TestBroker(files: files) }
        #expect(error?.fault?.contains("byte \(ends[0]) is damaged") ?? false, "\(error as Any)")
        #expect(try size() == before)
        #expect(try files.names(in: "/data/topics") == ["a-0", "b-0", "c-0"])
        files.corrupt(Self.path, at: Int(ends[1]) - 3)
        #expect(try TestBroker(files: files).read("b").values == ["v"])
    }

    @Test("is not believed to be torn where it was durable, whatever stands there now")
    func durableDamage() throws {
        let broker = try TestBroker(files: files)
        for name in ["a", "b"] { #expect(try broker.createTopic(name) == ErrorCode.none) }
        let end = try size()
        try broker.engine.close()
        // What a lost write leaves, but a clean stop has made it durable.
        let zeros = [UInt8](repeating: 0, count: 40)
        try files.open(Self.path).write(zeros, at: end - 40)
        let error = #expect(throws: FileError.self) { _ = try TestBroker(files: files) }
        #expect(error?.fault?.contains("durable up to byte") ?? false, "\(error as Any)")
    }

    @Test("loses a torn tail when the broker starts, and the broker says so")
    func tornTail() throws {
        let ends = try populate()
        try files.open(Self.path).truncate(to: ends[3] - 1)
        let broker = try TestBroker(files: files)
        #expect(broker.lines.contains { $0.contains("torn tail") }, "\(broker.lines)")
        #expect(try broker.partitionCounts().keys.sorted() == ["a", "b"])
        // The folder of the topic that it lost has records, and is kept for who knows of them.
        #expect(try files.names(in: "/data/set-aside") == ["c-0.1"])
        #expect(broker.lines.contains { $0.contains("c-0: belongs to no topic") })
        #expect(try broker.createTopic("c") == ErrorCode.none)
        #expect(try broker.read("c").highWatermark == 0)
    }

    @Test("with an entry of an unknown kind is of a newer broker, and keeps this one from starting")
    func unknownKind() throws {
        _ = try populate()
        let covered: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 99]
        var frame = ByteWriter()
        frame.integer(1 | 0x8000_0000 as UInt32)
        frame.integer(CRC32C.checksum(covered))
        frame.raw(covered + [0xa5])
        let journal = try files.open(Self.path)
        try journal.write(frame.bytes, at: journal.size)
        let error = #expect(throws: FileError.self) { _ = try TestBroker(files: files) }
        #expect(error?.fault?.contains("kind") ?? false)
    }

    @Test("of an older broker, without marks, is read")
    func oldForm() throws {
        let journal = try files.open(Self.path)
        var entries = ByteWriter()
        for entry in [
            JournalEntry.cluster(id: "old"),
            .topicCreated(name: "t", id: TopicID(high: 1, low: 2), partitions: 2, configs: [:]),
        ] {
            entries.integer(UInt32(entry.encoded.count))
            entries.integer(CRC32C.checksum(entry.encoded))
            entries.raw(entry.encoded)
        }
        try journal.write(entries.bytes, at: 0)
        let broker = try TestBroker(files: files)
        #expect(try broker.partitionCounts() == ["t": 2])
        #expect(try broker.createTopic("u") == ErrorCode.none)
        #expect(try TestBroker(files: files).partitionCounts() == ["t": 2, "u": 1])
    }

    @Test("is read in windows, whatever its size")
    func windows() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        for number in 0..<700 {
            // Entries of many sizes, 2.5 MB altogether, over several windows.
            let group = "g\(number % 50)" + String(repeating: "x", count: number * 10)
            #expect(try broker.commit(Int64(number), group: group) == ErrorCode.none)
        }
        #expect(try size() > 2 << 20)
        let again = try TestBroker(files: files)
        for number in [0, 350, 699] {
            let group = "g\(number % 50)" + String(repeating: "x", count: number * 10)
            #expect(try again.committed(group: group) == Int64(number))
        }
    }

    @Test("whose sync failed once is not believed again: no answer, and nothing more is kept")
    func failedSync() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        files.unsyncablePath = Self.path
        #expect(throws: TestBroker.NoAnswer.self) { try broker.createTopic("lost") }
        #expect(broker.closed[broker.connection.number] != nil)
        files.unsyncablePath = nil
        #expect(try broker.createTopic("late") == .kafkaStorageError)
        #expect(try broker.commit(1, group: "g") == .coordinatorNotAvailable)
        // Records need no journal.
        #expect(try broker.produce(TestBroker.batch(["v"]), topic: "t").error == ErrorCode.none)
        broker.tick(after: 60_000)
        let next = try TestBroker(files: files.crashed())
        #expect(try next.partitionCounts() == ["t": 1])
        #expect(try next.read("t").values == ["v"])
        #expect(try next.createTopic("late") == ErrorCode.none)
    }

    @Test("is left as it is when an entry of the present state is too large for a new one")
    func tooLarge() throws {
        let broker = try TestBroker(files: files)
        let group = "g" + String(repeating: "x", count: 10_000)
        var request = JoinGroupRequest()
        request.groupID = group
        request.sessionTimeoutMs = 10_000
        request.rebalanceTimeoutMs = 10_000
        request.protocolType = "consumer"
        var strategy = JoinGroupRequest.JoinGroupRequestProtocol()
        strategy.name = "range"
        request.protocols = [strategy]
        request.memberID = try broker.ask(request, JoinGroupResponse.self).memberID
        for size in [10, 17 << 20] {
            request.protocols[0].metadata = [UInt8](repeating: 1, count: size)
            let joined = try broker.ask(request, JoinGroupResponse.self)
            var sync = SyncGroupRequest()
            sync.groupID = group
            sync.generationID = joined.generationID
            sync.memberID = joined.memberID
            #expect(try broker.ask(sync, SyncGroupResponse.self).errorCode == 0)
        }
        try broker.createTopic("t")
        for number in 0..<450 {
            let error = try broker.commit(
                Int64(number), group: group, generation: 2, member: request.memberID)
            #expect(error == ErrorCode.none)
        }
        #expect(try size() > 4 << 20)
        #expect(broker.lines.count { $0.contains("rewrite") } == 1, "\(broker.lines)")
        // The generation that could be kept is still there.
        var describe = DescribeGroupsRequest()
        describe.groups = [group]
        let next = try TestBroker(files: files)
        let described = try next.ask(describe, DescribeGroupsResponse.self).groups[0]
        #expect(described.members.map(\.memberID) == [request.memberID])
        #expect(try next.committed(group: group) == 449)
    }

    @Test("becomes durable in the background though only offsets are committed")
    func interval() throws {
        let broker = try TestBroker(files: files) { $0.flush = .interval(500) }
        try broker.createTopic("t")
        broker.tick(after: 1_000)
        #expect(try broker.commit(42, group: "g") == ErrorCode.none)
        let syncs = files.operations
        broker.tick(after: 499)
        #expect(files.operations == syncs)
        #expect((broker.engine.nextWake - broker.now) == 1)
        broker.tick(after: 1)
        #expect(files.operations > syncs)
        #expect(try TestBroker(files: files.crashed()).committed(group: "g") == 42)
    }

    @Test("is found after a power cut, with all directories that it needs, from the first start on")
    func directories() throws {
        for seed in UInt64(0)..<40 {
            let files = FaultyFiles(seed: seed)
            let broker = try TestBroker(files: files)
            #expect(try broker.createTopic("t") == ErrorCode.none)
            try broker.produce(TestBroker.batch(["v"]), topic: "t")
            let next = try TestBroker(files: files.crashed())
            #expect(try next.partitionCounts() == ["t": 1], "seed \(seed)")
            #expect(try next.read("t").values == ["v"], "seed \(seed)")
        }
    }

    @Test("decides what becomes of folders that belong to no topic")
    func strays() throws {
        let broker = try TestBroker(files: files)
        for name in ["gone", "kept"] {
            try broker.createTopic(name)
            try broker.produce(TestBroker.batch(["v"]), topic: name)
        }
        #expect(try broker.deleteTopic("gone") == ErrorCode.none)
        #expect(try files.names(in: "/data/topics") == ["kept-0"])
        let segment = "/00000000000000000000.log"
        for name in ["gone-0", "unknown-0", "kept-7"] {
            try files.createDirectory("/data/topics/" + name, durable: true)
            try files.open("/data/topics/" + name + segment).write([1, 2, 3], at: 0)
        }
        try files.createDirectory("/data/topics/unfinished-0", durable: true)
        _ = try files.open("/data/topics/unfinished-0" + segment)
        let next = try TestBroker(files: files)
        #expect(try files.names(in: "/data/topics") == ["kept-0"])
        #expect(try files.names(in: "/data/set-aside") == ["kept-7.1", "unknown-0.1"])
        for name in ["gone-0", "unknown-0", "kept-7", "unfinished-0"] {
            #expect(next.lines.contains { $0.hasPrefix(name + ":") }, "\(name): \(next.lines)")
        }
        #expect(try next.read("kept").values == ["v"])
    }
}
