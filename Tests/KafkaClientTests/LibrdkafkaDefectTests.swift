import KafkaClient
import LogContract
import Records
import Runtime
import State
import Testing

/// What librdkafka 2.0.2 does wrong, or lets one do wrong, and what the client makes of it.
@Suite("Kafka client: defects of librdkafka 2.0.2")
struct LibrdkafkaDefectTests {
    private static func eventualOwners(
        _ members: inout [GroupMember], partitions: Int
    ) throws {
        let idle = members[0]
        var current = members
        _ = try eventually("every partition has one owner", idle: { idle.idle() }) {
            for index in current.indices { try current[index].step() }
            let owned = current.map(\.owned)
            // Nobody reads a partition that another one reads, at any moment.
            for index in owned.indices {
                for other in owned.indices where other > index {
                    #expect(owned[index].isDisjoint(with: owned[other]))
                }
            }
            return owned.reduce(0) { $0 + $1.count } == partitions
                && owned.allSatisfy { !$0.isEmpty } ? true : nil
        }
        members = current
    }

    @Test("sticky owner conflicts: members that come and go never share a partition")
    func stickyOwners() throws {
        let fixture = try KafkaFixture()
        let topic = try fixture.makeTopic(partitions: 6)
        let group = fixture.makeGroup()
        var members = [GroupMember(try fixture.makeMember(group: group, topics: [topic]))]
        defer { for member in members { member.reader.close() } }
        try Self.eventualOwners(&members, partitions: 6)
        for _ in 0..<3 {
            members.append(GroupMember(try fixture.makeMember(group: group, topics: [topic])))
            members.append(GroupMember(try fixture.makeMember(group: group, topics: [topic])))
            try Self.eventualOwners(&members, partitions: 6)
            // The one that has been there longest leaves: its partitions are claimed by several.
            members.removeFirst().reader.close()
            members.removeFirst().reader.close()
            try Self.eventualOwners(&members, partitions: 6)
        }
    }

    @Test("close before the first assignment, or in the midst of it, ends, and blocks nobody")
    func closeEarly() throws {
        let fixture = try KafkaFixture()
        let topic = try fixture.makeTopic(partitions: 4)
        let group = fixture.makeGroup()
        var members = [GroupMember(try fixture.makeMember(group: group, topics: [topic]))]
        defer { for member in members { member.reader.close() } }
        try Self.eventualOwners(&members, partitions: 4)
        for polls in [0, 1, 5, 20] {
            let start = ContinuousClock.now
            let early = try fixture.makeMember(group: group, topics: [topic])
            for _ in 0..<polls {
                // What it is given it doesn't answer.
                _ = try early.poll()
                early.wait(milliseconds: 20)
                try members[0].step()
            }
            early.close()
            #expect(
                ContinuousClock.now - start
                    < .milliseconds(KafkaReader.closeTimeoutMilliseconds) + .seconds(60))
        }
        try Self.eventualOwners(&members, partitions: 4)
    }

    @Test(
        "a commit sent during a rebalance fails or holds; the assignment is kept, or told to be lost"
    )
    func commitDuringRebalance() throws {
        let fixture = try KafkaFixture()
        let topic = try fixture.makeTopic(partitions: 4)
        let group = fixture.makeGroup()
        var members = [GroupMember(try fixture.makeMember(group: group, topics: [topic]))]
        defer { for member in members { member.reader.close() } }
        try Self.eventualOwners(&members, partitions: 4)
        let partitions = (0..<4).map { TopicPartition(topic: topic, partition: $0) }
        members.append(GroupMember(try fixture.makeMember(group: group, topics: [topic])))
        var epoch = 0
        let first = members[0].reader
        var current = members
        _ = try eventually("the second has its share", idle: { current[0].idle() }) {
            epoch += 1
            let owned = current[0].owned
            let positions = Dictionary(
                uniqueKeysWithValues: partitions.filter(owned.contains).map {
                    ($0, CommittedOffset(offset: Offset(0), metadata: "mr1:\(epoch):1:0"))
                })
            do {
                // In the midst of it: the group may be waiting for this very member.
                try first.commit(positions)
            } catch let error as DataflowError {
                #expect(error.retry != .never, "\(error)")
            }
            for index in current.indices { try current[index].step() }
            return current[1].owned.count == 2 ? true : nil
        }
        members = current
        // What the first still has it reads and commits: nothing was dropped without a word.
        try Self.eventualOwners(&members, partitions: 4)
        let kept = members[0].owned
        #expect(kept.count == 2)
        try first.commit(
            Dictionary(
                uniqueKeysWithValues: kept.map { ($0, CommittedOffset(offset: Offset(0))) }))
    }

    @Test("a sequence that is out of step after time-outs ends the writer, never the order")
    func sequenceAfterTimeouts() throws {
        let faulty = try FaultyCluster()
        let log = try TransactionalLogHarness(faulty.configuration)
        defer { log.close() }
        try log.write(0..<10)
        try log.authority.flush(timeoutMilliseconds: 60_000)
        faulty.cluster.setRoundTrip(1, milliseconds: 5_000)
        // Acknowledgements come too late: what was sent may lie in the log or not.
        #expect(throws: DataflowError.self) {
            try log.write(10..<20)
            try log.authority.flush(timeoutMilliseconds: 500)
        }
        faulty.cluster.setRoundTrip(1, milliseconds: 0)
        // The engine abandons whatever follows from that, and goes on with a writer that is in step.
        try log.authority.abandon()
        var isMet = false
        _ = try eventually("records are taken again", idle: { log.reader.wait(milliseconds: 20) }) {
            // Whether the cluster has really lost count is chance: it says so until that was heard.
            if !isMet { faulty.cluster.fail(.produce, codes: [Code.outOfOrderSequence]) }
            do {
                try log.write(20..<30)
                try log.authority.flush(timeoutMilliseconds: 10_000)
                return isMet ? true : nil
            } catch let error as DataflowError where error.retry != .never {
                if error.message.contains("OUT_OF_ORDER_SEQUENCE_NUMBER") {
                    isMet = true
                    faulty.cluster.clearFailures(.produce)
                }
                try log.authority.abandon()
                return nil
            }
        }
        try expectOrder(try faulty.reader(), faulty.partition)
    }

    /// Reads what lies in the log, of aborted transactions too, as a mock cluster hides nothing: each try of a batch
    /// is there from its beginning and without a gap or a repetition, and the last one is whole.
    private func expectOrder(_ reader: KafkaReader, _ partition: TopicPartition) throws {
        defer { reader.close() }
        try reader.assign([partition: Offset(0)])
        let seen = try reader.readAll(partition, atLeast: 20).compactMap(number)
        #expect(Array(seen.prefix(10)) == Array(0..<10), "\(seen)")
        #expect(Array(seen.suffix(10)) == Array(20..<30), "\(seen)")
        for (before, next) in zip(seen, seen.dropFirst()) {
            let isNext = next == before + 1 && next % 10 != 0
            #expect(isNext || (next % 10 == 0 && next >= before / 10 * 10), "\(seen)")
        }
    }

    @Test("a plain commit that erases the metadata is noticed, and nothing begins afresh")
    func erasedMetadata() throws {
        let fixture = try KafkaFixture()
        let topic = try fixture.makeTopic(partitions: 1)
        let partition = TopicPartition(topic: topic, partition: 0)
        let group = fixture.makeGroup()
        let reader = try fixture.makeReader(group: group)
        defer { reader.close() }
        let task = TaskID(run: "r", stage: "s", partition: 0)
        let authority = LogAuthority(reader)
        #expect(try authority.claim(task, inputs: [partition]) == nil)
        let ref = CheckpointRef(epoch: 3, attempt: 7, manifestChecksum: 9)
        try authority.decide([
            CommitDecision(
                task: task,
                position: CommitPosition(offsets: [partition: Offset(0)], checkpoint: ref))
        ])
        #expect(try authority.claim(task, inputs: [partition])?.checkpoint == ref)
        // As a tool that resets offsets does, or librdkafka's own commit of what was stored.
        try reader.commit([partition: CommittedOffset(offset: Offset(0))])
        let error = #expect(throws: DataflowError.self) {
            try authority.claim(task, inputs: [partition])
        }
        #expect(error?.code == .incompatibleState && error?.retry == .never)
        #expect(error?.message.contains("names no checkpoint") == true)
    }
}

/// The authority of a stage over a cluster that is hurt.
private final class TransactionalLogHarness {
    let reader: KafkaReader
    let authority: TransactionalLog
    private var token: UInt64 = 0

    private final class Slot: SlotHolder {
        func hold() throws -> Int32 { 0 }
        func release() {}
    }

    init(_ configuration: KafkaConfiguration) throws {
        reader = try KafkaReader(configuration, KafkaReaderOptions(.byHand(group: "g")))
        authority = TransactionalLog(run: "run", stage: "stage", reader: reader, slots: Slot()) {
            try KafkaWriter(
                configuration,
                KafkaWriterOptions(transactionalID: $0, transactionTimeoutMilliseconds: 10_000))
        }
    }

    func write(_ numbers: Range<Int>) throws {
        token += 1
        try authority.write(.numbered("t", 0, numbers), token: token)
    }

    func close() {
        authority.close()
        reader.close()
    }
}
