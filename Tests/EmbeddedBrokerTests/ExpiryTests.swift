import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("Committed offsets and transactional ids that nobody uses")
struct ExpiryTests {
    private static let day: Int64 = 86_400_000
    private let files = FaultyFiles(seed: 4)

    private func broker(now: Int64 = 1_000_000) throws -> TestBroker {
        try TestBroker(files: files, now: now) { $0.offsetRetention = Self.day }
    }

    private func groups(_ broker: TestBroker) throws -> [String] {
        try broker.ask(ListGroupsRequest(), ListGroupsResponse.self).groups.map(\.groupID)
    }

    @Test("go with their group after the retention, and stay gone")
    func simpleGroup() throws {
        var broker = try broker()
        try broker.createTopic("t")
        #expect(try broker.commit(7, group: "g") == ErrorCode.none)
        broker.engine.maintain(now: broker.now + Self.day - 1)
        #expect(try broker.committed(group: "g") == 7)
        broker.engine.maintain(now: broker.now + Self.day)
        #expect(try broker.committed(group: "g") == -1)
        #expect(try groups(broker).isEmpty)
        broker = try self.broker(now: broker.now)
        #expect(try broker.committed(group: "g") == -1)
        #expect(try groups(broker).isEmpty)
    }

    @Test("stay while a member reads the topic, and age from the end of the last member on")
    func membersGroup() throws {
        var broker = try broker()
        try broker.createTopic("t")
        try broker.createTopic("unread")
        let member = try broker.joinGroup("g", timeout: 1_800_000).member
        for topic in ["t", "unread"] {
            let error = try broker.commit(
                7, group: "g", topic: topic, generation: 1, member: member)
            #expect(error == ErrorCode.none)
        }
        broker.engine.maintain(now: broker.now + Self.day)
        #expect(try broker.committed(group: "g") == 7)
        #expect(try broker.committed(group: "g", topic: "unread") == -1)
        // The session ends half a day later.
        broker.tick(after: Self.day / 2)
        broker = try self.broker(now: broker.now)
        broker.engine.maintain(now: broker.now + Self.day - 1)
        #expect(try broker.committed(group: "g") == 7)
        broker.engine.maintain(now: broker.now + Self.day)
        #expect(try broker.committed(group: "g") == -1)
        #expect(try groups(broker).isEmpty)
    }

    @Test("transactional ids make room for others after a week, and stay gone")
    func transactionalIDs() throws {
        func broker(now: Int64) throws -> TestBroker {
            try TestBroker(files: files, now: now) { $0.transactions.transactions = 2 }
        }
        func error(_ broker: TestBroker, _ id: String) throws -> ErrorCode? {
            var request = DescribeTransactionsRequest()
            request.transactionalIDs = [id]
            let response = try broker.ask(request, DescribeTransactionsResponse.self)
            return ErrorCode(rawValue: response.transactionStates[0].errorCode)
        }
        var broker = try broker(now: 1_000_000)
        try broker.createTopic("t")
        let idle = try broker.initProducer("idle")
        let busy = try broker.initProducer("busy")
        #expect(
            try broker.initProducer("third").errorCode == ErrorCode.policyViolation.rawValue)
        broker.now += 7 * Self.day - 1
        broker.maintain()
        #expect(try error(broker, "idle") == ErrorCode.none)
        // An open transaction is not idle, whatever its age.
        let producer = (id: busy.producerID, epoch: busy.producerEpoch)
        #expect(try broker.addPartition("t", id: "busy", producer: producer) == ErrorCode.none)
        broker.now += 1
        broker.maintain()
        #expect(try error(broker, "idle") == .transactionalIDNotFound)
        // Nobody waits for the entry; it becomes durable in the background.
        broker.tick(after: 1_000)
        broker = try TestBroker(files: files.crashed(), now: broker.now) {
            $0.transactions.transactions = 2
        }
        #expect(try error(broker, "idle") == .transactionalIDNotFound)
        #expect(try error(broker, "busy") == ErrorCode.none)
        let next = try broker.initProducer("third")
        #expect(next.errorCode == 0)
        #expect(next.producerID > max(idle.producerID, busy.producerID))
    }

    @Test("a generation of a group that is not there is refused as the version has it")
    func unknownGroup() throws {
        let broker = try broker()
        try broker.createTopic("t")
        #expect(
            try broker.commit(7, group: "g", generation: 3, member: "m", version: 8)
                == .illegalGeneration)
        #expect(
            try broker.commit(7, group: "g", generation: 3, member: "m", version: 9)
                == .groupIDNotFound)
    }
}
