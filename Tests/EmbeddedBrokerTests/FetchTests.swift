import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("Reads")
struct FetchTests {
    private let files = FaultyFiles(seed: 63)

    @Test("of a topic by its id tell an unknown topic from an unknown partition")
    func unknownPartition() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let id = try broker.ask(MetadataRequest(), MetadataResponse.self).topics[0].topicID
        func error(_ id: TopicID, partition: Int32) throws -> ErrorCode? {
            var request = TestBroker.fetchRequest(
                topic: "", partition: partition, from: 0, isCommitted: false)
            request.topics[0].topicID = id
            let response = try broker.ask(request, FetchResponse.self, version: 13)
            return ErrorCode(rawValue: response.responses[0].partitions[0].errorCode)
        }
        #expect(try error(id, partition: 0) == ErrorCode.none)
        #expect(try error(id, partition: 1) == .unknownTopicOrPartition)
        #expect(try error(TopicID(high: 1, low: 2), partition: 0) == .unknownTopicID)
    }

    @Test("inside a gap that a lost record has left wait for what comes behind it")
    func gap() throws {
        var broker = try TestBroker(files: files)
        try broker.createTopic("t")
        var size: Int64 = 0
        let path = "/data/topics/t-0/00000000000000000000.log"
        for value in ["a", "b", "c"] {
            size = try files.open(path).size
            try broker.produce(TestBroker.batch([value]), topic: "t")
        }
        // The snapshot of a clean stop says that three offsets were given out.
        try broker.engine.close()
        try files.open(path).truncate(to: size)
        broker = try TestBroker(files: files)
        #expect(try broker.offset("t", at: -1) == 3)
        let request = TestBroker.fetchRequest(
            topic: "t", from: 2, isCommitted: false, maxWait: 500)
        func offset(_ slot: UInt64) throws -> Int64? {
            guard
                let (response, frame) = try broker.answer(FetchResponse.self, to: slot, version: 11)
            else { return nil }
            guard case .frame(let range) = response.responses[0].partitions[0].records,
                !range.isEmpty
            else { return -1 }
            return try Array(frame[range]).withUnsafeBytes {
                try RecordBatchHeader($0).baseOffset
            }
        }
        let first = try broker.send(request, version: 11)
        #expect(try offset(first) == nil)
        broker.tick(after: 500)
        #expect(try offset(first) == -1)
        let second = try broker.send(request, version: 11)
        #expect(try offset(second) == nil)
        #expect(try broker.produce(TestBroker.batch(["d"]), topic: "t").offset == 3)
        #expect(try offset(second) == 3)
    }
}
