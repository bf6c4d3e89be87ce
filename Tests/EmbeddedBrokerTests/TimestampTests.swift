import BrokerModel
import EmbeddedBroker
import Records
import Testing

@Suite("Offsets by time")
struct TimestampTests {
    private let files = FaultyFiles(seed: 62)

    private func batch(_ timestamps: [Int64]) -> [UInt8] {
        var builder = RecordBatchBuilder(timestamp: timestamps[0])
        for timestamp in timestamps {
            builder.append(key: nil, value: [1], timestampDelta: timestamp - timestamps[0])
        }
        return builder.build()
    }

    /// Offsets 0 to 2, 3, and 4, in two segments.
    private func broker() throws -> TestBroker {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t", ["segment.bytes": "180"])
        for timestamps in [[1_000, 1_009, 1_002], [1_003], [1_009]] as [[Int64]] {
            #expect(try broker.produce(batch(timestamps), topic: "t").error == ErrorCode.none)
        }
        return broker
    }

    @Test("the greatest one is that of its own record, the first that has it")
    func greatest() throws {
        var broker = try broker()
        #expect(try broker.offset("t", at: -3) == 1)
        broker = try TestBroker(files: files)
        #expect(try broker.offset("t", at: -3) == 1)
        try broker.createTopic("empty")
        #expect(try broker.offset("empty", at: -3) == -1)
    }

    @Test("the greatest one is among the records that are there")
    func greatestAfterDeletion() throws {
        let broker = try broker()
        #expect(try broker.deleteRecords("t", below: 2).error == ErrorCode.none)
        #expect(try broker.offset("t", at: -3) == 4)
        #expect(try broker.produce(batch([1_001, 1_001]), topic: "t").offset == 5)
        #expect(try broker.deleteRecords("t", below: 6).error == ErrorCode.none)
        #expect(try broker.offset("t", at: -3) == 6)
        #expect(try broker.deleteRecords("t", below: 7).error == ErrorCode.none)
        #expect(try broker.offset("t", at: -3) == -1)
    }

    @Test("the greatest one is not that of a batch that may not be read yet")
    func greatestBelowLimit() throws {
        let broker = try broker()
        let identity = try broker.initProducer("x")
        let producer = (id: identity.producerID, epoch: identity.producerEpoch)
        _ = try broker.addPartition("t", id: "x", producer: producer)
        let open = TestBroker.batch(
            ["v"], timestamp: 2_000, producer: (producer.id, producer.epoch, 0),
            isTransactional: true)
        try broker.produce(open, topic: "t")
        func greatest(isolation: Int8) throws -> Int64 {
            var request = ListOffsetsRequest()
            request.isolationLevel = isolation
            var wanted = ListOffsetsRequest.ListOffsetsTopic()
            wanted.name = "t"
            var part = ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition()
            part.timestamp = -3
            wanted.partitions = [part]
            request.topics = [wanted]
            return try broker.ask(request, ListOffsetsResponse.self).topics[0].partitions[0].offset
        }
        #expect(try greatest(isolation: 0) == 5)
        #expect(try greatest(isolation: 1) == 1)
    }

    @Test("a batch whose only match was deleted is passed over")
    func straddling() throws {
        let broker = try broker()
        #expect(try broker.offset("t", at: 1_005) == 1)
        #expect(try broker.deleteRecords("t", below: 2).error == ErrorCode.none)
        #expect(try broker.offset("t", at: 1_001) == 2)
        #expect(try broker.offset("t", at: 1_005) == 4)
        #expect(try broker.offset("t", at: 1_010) == -1)
        // The next match may stand in the same segment.
        try broker.createTopic("u")
        for timestamps in [[1_009, 1_002], [1_003], [1_006]] as [[Int64]] {
            try broker.produce(batch(timestamps), topic: "u")
        }
        #expect(try broker.deleteRecords("u", below: 1).error == ErrorCode.none)
        #expect(try broker.offset("u", at: 1_005) == 3)
        #expect(try broker.offset("u", at: -3) == 3)
    }
}
