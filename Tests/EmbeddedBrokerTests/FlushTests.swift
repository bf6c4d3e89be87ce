import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("Making records durable")
struct FlushTests {
    private let files = FaultyFiles(seed: 71)

    @Test("who waits for a sync does not wait for what is synced in the background")
    func lanes() throws {
        let broker = try TestBroker(files: files) { $0.flush = .interval(100) }
        try broker.createTopic("bulk")
        try broker.createTopic("prompt", ["flush": "ack"])
        try broker.produce(TestBroker.batch(["v"]), topic: "bulk")
        broker.syncsAtOnce = false
        broker.tick(after: 100)
        // The background sync is under way, and takes its time.
        let bulk = broker.engine.takeSyncJobs(.background)
        #expect(bulk.count == 1)
        let request = TestBroker.produceRequest(TestBroker.batch(["w"]), topic: "prompt")
        let slot = try broker.send(request)
        let prompt = broker.engine.takeSyncJobs(.prompt)
        #expect(prompt.count == 1 && broker.engine.takeSyncJobs(.prompt).isEmpty)
        broker.engine.finishSync(
            prompt.map { ($0.number, $0.run()) }, in: .prompt, now: broker.now)
        #expect(broker.bytes(of: slot) != nil)
        broker.engine.finishSync(
            bulk.map { ($0.number, $0.run()) }, in: .background, now: broker.now)
        #expect(try TestBroker(files: files.crashed()).read("bulk").values == ["v"])
    }

    @Test("in the background, the names of new segments are durable, too")
    func names() throws {
        for seed in UInt64(0)..<20 {
            let files = FaultyFiles(seed: seed)
            let broker = try TestBroker(files: files) { $0.flush = .interval(500) }
            try broker.createTopic("t", ["segment.bytes": "200"])
            let values = (0..<12).map { "v\($0)" }
            for value in values { try broker.produce(TestBroker.batch([value]), topic: "t") }
            broker.tick(after: 500)
            let next = try TestBroker(files: files.crashed())
            #expect(try next.read("t").values == values, "seed \(seed)")
        }
    }

    @Test("a topic that is synced in the background can be made prompt, and back")
    func change() throws {
        let broker = try TestBroker(files: files) { $0.flush = .interval(100) }
        try broker.createTopic("t")
        broker.syncsAtOnce = false
        try broker.produce(TestBroker.batch(["a"]), topic: "t")
        broker.tick(after: 100)
        let jobs = broker.engine.takeSyncJobs(.background)
        broker.syncsAtOnce = true
        #expect(try broker.configure("t", "flush", "ack") == ErrorCode.none)
        broker.syncsAtOnce = false
        let slot = try broker.send(
            TestBroker.produceRequest(TestBroker.batch(["b"]), topic: "t"))
        broker.sync()
        // Not twice at once: the second sync begins when the first has ended.
        #expect(broker.bytes(of: slot) == nil)
        broker.engine.finishSync(
            jobs.map { ($0.number, $0.run()) }, in: .background, now: broker.now)
        broker.sync()
        #expect(broker.bytes(of: slot) != nil)
        #expect(try broker.read("t").values == ["a", "b"])
        #expect(try TestBroker(files: files.crashed()).read("t").values == ["a", "b"])
    }

    @Test("a look after the logs in the midst of a sync does not hide what is written behind it")
    func maintenance() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t", ["segment.bytes": "100", "cleanup.policy": "compact"])
        broker.syncsAtOnce = false
        func send(_ key: String) throws -> UInt64 {
            try broker.send(
                TestBroker.produceRequest(TestBroker.batch(["v"], keys: [key]), topic: "t"))
        }
        // The second batch begins a segment, which is not known to be whole until it is synced.
        let before = [try send("a"), try send("b")]
        let jobs = broker.engine.takeSyncJobs(.prompt)
        broker.engine.maintain(now: broker.now)
        broker.engine.finishSync(
            jobs.map { ($0.number, $0.run()) }, in: .prompt, now: broker.now)
        broker.sync()
        #expect(before.allSatisfy { broker.bytes(of: $0) != nil })
        let behind = try send("c")
        broker.sync()
        #expect(broker.bytes(of: behind) != nil)
    }
}
