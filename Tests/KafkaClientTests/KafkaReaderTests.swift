import Dispatch
import KafkaClient
import LogContract
import Records
import Testing

@Suite("Kafka client: reader")
struct KafkaReaderTests {
    static let fixture = Result { try KafkaFixture() }

    @Test("a wait ends when it is woken, and when a record arrives")
    func waking() throws {
        let fixture = try Self.fixture.get()
        let topic = try fixture.makeTopic(partitions: 1)
        let partition = TopicPartition(topic: topic, partition: 0)
        let reader = try KafkaReader(fixture.configuration, KafkaReaderOptions(.byHand()))
        defer { reader.close() }
        let long = 30_000
        let start = ContinuousClock.now
        DispatchQueue.global().async(execute: reader.waker)
        reader.wait(milliseconds: long)
        reader.wake()
        reader.wait(milliseconds: long)
        try reader.assign([partition: Offset(0)])
        #expect(try reader.readAll(partition).isEmpty)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        try writer.writeThrough(.numbered(topic, 0, 0..<1))
        var seen: [SeenRecord] = []
        while seen.isEmpty, ContinuousClock.now - start < .seconds(20) {
            _ = try reader.readOnce(partition, into: &seen)
            if seen.isEmpty { reader.wait(milliseconds: long) }
        }
        #expect(seen.count == 1)
        #expect(ContinuousClock.now - start < .seconds(20))
        // What is left behind a full batch needs no event of the client.
        try writer.writeThrough(.numbered(topic, 0, 0..<50))
        _ = try eventually("a full batch", idle: { reader.wait(milliseconds: 20) }) {
            var batch: [SeenRecord] = []
            _ = try reader.readOnce(partition, maximum: 1, into: &batch)
            return batch.isEmpty ? nil : true
        }
        reader.wait(milliseconds: long)
        #expect(ContinuousClock.now - start < .seconds(25))
    }

    @Test("a notice of delivery wakes who waits for other things")
    func deliveryNotice() throws {
        let fixture = try Self.fixture.get()
        let topic = try fixture.makeTopic(partitions: 1)
        let reader = try KafkaReader(fixture.configuration, KafkaReaderOptions(.byHand()))
        defer { reader.close() }
        let writer = try KafkaWriter(fixture.configuration, notify: reader.waker)
        defer { writer.close() }
        try writer.write(.numbered(topic, 0, 0..<10), token: 3)
        let start = ContinuousClock.now
        var tokens: [UInt64] = []
        while tokens.isEmpty, ContinuousClock.now - start < .seconds(20) {
            reader.wait(milliseconds: 30_000)
            tokens += writer.poll().map(\.token)
        }
        #expect(tokens == [3])
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test("members of a group over two topics hold equal partitions of both")
    func rangeOfTwoTopics() throws {
        let fixture = try Self.fixture.get()
        let topics = [
            try fixture.makeTopic(partitions: 4), try fixture.makeTopic(partitions: 4),
        ]
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        for partition in 0..<Int32(4) {
            for topic in topics {
                try writer.writeThrough(.numbered(topic, partition, 0..<50))
            }
        }
        let group = fixture.makeGroup()
        var first = GroupMember(try fixture.makeMember(group: group, topics: topics))
        defer { first.reader.close() }
        _ = try eventually("the first member has all", idle: { first.idle() }) {
            try first.step()
            return first.owned.count == 8 && first.hasRead(50) ? true : nil
        }
        var second = GroupMember(try fixture.makeMember(group: group, topics: topics))
        defer { second.reader.close() }
        _ = try eventually("both share", idle: { first.idle() }) {
            try first.step()
            try second.step()
            return first.owned.count == 4 && second.owned.count == 4
                && first.hasRead(50) && second.hasRead(50) ? true : nil
        }
        for member in [first, second] {
            let numbers = topics.map { topic in
                Set(member.owned.filter { $0.topic == topic }.map(\.partition))
            }
            #expect(numbers[0] == numbers[1])
        }
        #expect(first.owned.isDisjoint(with: second.owned))
    }

    @Test("a member that closes while it owes an answer hands its partitions over")
    func closeDuringRebalance() throws {
        let fixture = try Self.fixture.get()
        let topic = try fixture.makeTopic(partitions: 2)
        let group = fixture.makeGroup()
        var first = GroupMember(try fixture.makeMember(group: group, topics: [topic]))
        var open = true
        defer { if open { first.reader.close() } }
        _ = try eventually("the first member has all", idle: { first.idle() }) {
            try first.step()
            return first.owned.count == 2 ? true : nil
        }
        // What the group has not given can't be read.
        let other = TopicPartition(topic: topic, partition: 9)
        let error = #expect(throws: DataflowError.self) {
            try first.reader.assign([other: Offset(0)])
        }
        #expect(error?.code == .fenced)
        var second = GroupMember(try fixture.makeMember(group: group, topics: [topic]))
        defer { second.reader.close() }
        _ = try eventually("a revocation", idle: { first.idle() }) { () -> Bool? in
            try second.step()
            for case .revoked(let partitions) in try first.reader.poll() {
                #expect(partitions.count == 1)
                return true
            }
            return nil
        }
        first.reader.close()
        open = false
        _ = try eventually("the second has all", idle: { second.idle() }) {
            try second.step()
            return second.owned.count == 2 ? true : nil
        }
    }

    @Test("a group without topics, and commits without a group, are refused")
    func refusals() throws {
        let fixture = try Self.fixture.get()
        #expect(throws: DataflowError.self) {
            try KafkaReader(fixture.configuration, KafkaReaderOptions(.group("g", topics: [])))
        }
        let reader = try KafkaReader(fixture.configuration, KafkaReaderOptions(.byHand()))
        defer { reader.close() }
        let partition = TopicPartition(topic: "t", partition: 0)
        #expect(throws: DataflowError.self) { try reader.committed([partition]) }
        #expect(throws: DataflowError.self) {
            try reader.commit([partition: CommittedOffset(offset: Offset(1))])
        }
    }
}
