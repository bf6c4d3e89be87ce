import KafkaClient
import LogContract
import Records
import Testing

@Suite("Kafka client: transactions")
struct KafkaTransactionTests {
    private static let timeout = 10_000

    /// A cluster, a member of the group `g` that owns the topic `t`, and a writer for `out`.
    private struct Bench {
        let faulty: FaultyCluster
        var member: GroupMember
        let writer: KafkaWriter

        init() throws {
            faulty = try FaultyCluster()
            try faulty.cluster.createTopic("out", partitions: 1)
            let reader = try KafkaReader(
                faulty.configuration, KafkaReaderOptions(.group("g", topics: ["t"])))
            var member = GroupMember(reader)
            _ = try eventually("the member owns its topic", idle: { member.idle() }) {
                try member.step()
                return member.owned.count == 2 ? true : nil
            }
            self.member = member
            writer = try KafkaWriter(
                faulty.configuration, KafkaWriterOptions(transactionalID: "run.stage.0"))
            try writer.initTransactions(timeoutMilliseconds: timeout)
        }

        func close() {
            writer.close()
            member.reader.close()
        }

        func metadata() throws -> KafkaGroupMetadata {
            let reader = try #require(member.reader as? KafkaReader)
            return try reader.groupMetadata()
        }
    }

    @Test("a transaction of records and offsets commits")
    func commits() throws {
        let bench = try Bench()
        defer { bench.close() }
        let metadata = try bench.metadata()
        #expect(metadata.generation > 0 && !metadata.memberID.isEmpty && metadata.identifiesMember)
        try bench.writer.beginTransaction()
        try bench.writer.write(.numbered("out", 0, 0..<20), token: 1)
        let position = CommittedOffset(offset: Offset(17), metadata: "e=3 a=00ff00ff00ff00ff")
        try bench.writer.sendOffsets(
            [bench.faulty.partition: position], group: metadata,
            timeoutMilliseconds: Self.timeout)
        try bench.writer.commitTransaction(timeoutMilliseconds: Self.timeout)
        let reports = bench.writer.poll()
        #expect(reports.map(\.token) == [1] && reports[0].error == nil)
    }

    @Test("records and offsets are committed together, seen by nobody before")
    func visible() throws {
        let fixture = try KafkaFixture()
        let partition = TopicPartition(topic: try fixture.makeTopic(partitions: 1), partition: 0)
        let group = fixture.makeGroup()
        var member = GroupMember(
            try fixture.makeMember(group: group, topics: [partition.topic]))
        defer { member.reader.close() }
        _ = try eventually("the member owns its topic", idle: { member.idle() }) {
            try member.step()
            return member.owned.count == 1 ? true : nil
        }
        let writer = try KafkaWriter(
            fixture.configuration, KafkaWriterOptions(transactionalID: group))
        defer { writer.close() }
        try writer.initTransactions(timeoutMilliseconds: Self.timeout)
        let watcher = try fixture.makeReader(group: nil)
        defer { watcher.close() }
        try watcher.assign([partition: Offset(0)])
        for (token, commits) in [(UInt64(1), false), (2, true)] {
            try writer.beginTransaction()
            try writer.write(.numbered(partition.topic, 0, 0..<20), token: token)
            let position = CommittedOffset(offset: Offset(17), metadata: "e=\(token)")
            let reader = try #require(member.reader as? KafkaReader)
            try writer.sendOffsets(
                [partition: position], group: try reader.groupMetadata(),
                timeoutMilliseconds: Self.timeout)
            try writer.flush(timeoutMilliseconds: Self.timeout)
            #expect(try watcher.readAll(partition).isEmpty)
            guard commits else {
                try writer.abortTransaction(timeoutMilliseconds: Self.timeout)
                #expect(try member.reader.committed([partition]).isEmpty)
                continue
            }
            try writer.commitTransaction(timeoutMilliseconds: Self.timeout)
            #expect(try watcher.readAll(partition, atLeast: 20).map(number) == Array(0..<20))
            #expect(try member.reader.committed([partition]) == [partition: position])
        }
    }

    @Test("the contract of transactions", arguments: TransactionContract.allCases)
    func contract(item: TransactionContract) throws {
        try item.check(try KafkaFixture())
    }

    @Test("an aborted transaction reports its records as failed, and another may begin")
    func aborts() throws {
        let faulty = try FaultyCluster()
        let writer = try KafkaWriter(
            faulty.configuration, KafkaWriterOptions(transactionalID: "run.stage.0"))
        defer { writer.close() }
        try writer.initTransactions(timeoutMilliseconds: Self.timeout)
        faulty.cluster.setRoundTrip(1, milliseconds: 200)
        try writer.beginTransaction()
        try writer.write(.numbered("t", 0, 0..<20), token: 1)
        try writer.abortTransaction(timeoutMilliseconds: Self.timeout)
        let reports = writer.poll()
        #expect(reports.map(\.token) == [1])
        #expect(reports.first?.error?.retry == .restart)
        faulty.cluster.setRoundTrip(1, milliseconds: 0)
        try writer.beginTransaction()
        try writer.write(.numbered("t", 0, 0..<20), token: 2)
        try writer.commitTransaction(timeoutMilliseconds: Self.timeout)
        #expect(writer.poll().allSatisfy { $0.token == 2 && $0.error == nil })
    }

    @Test(
        "errors say what is left to do",
        arguments: [
            // PRODUCER_FENCED and INVALID_PRODUCER_EPOCH, TRANSACTIONAL_ID_AUTHORIZATION_FAILED.
            (Int32(90), TransactionError.Remedy.fenced), (47, .fenced), (53, .fatal),
        ])
    func commitErrors(code: Int32, remedy: TransactionError.Remedy) throws {
        let faulty = try FaultyCluster()
        let writer = try KafkaWriter(
            faulty.configuration, KafkaWriterOptions(transactionalID: "run.stage.0"))
        defer { writer.close() }
        try writer.initTransactions(timeoutMilliseconds: Self.timeout)
        try writer.beginTransaction()
        try writer.write(.numbered("t", 0, 0..<5), token: 1)
        faulty.cluster.fail(.endTransaction, codes: [code])
        let error = #expect(throws: TransactionError.self) {
            try writer.commitTransaction(timeoutMilliseconds: Self.timeout)
        }
        #expect(error?.remedy == remedy, "\(String(describing: error))")
        // Who isn't allowed to never will be.
        #expect(error?.error.retry == (remedy == .fatal ? .never : .restart))
        if remedy == .fenced { #expect(error?.error.code == .fenced) }
    }

    @Test("a stale member's offsets make the transaction abortable")
    func staleMember() throws {
        let bench = try Bench()
        defer { bench.close() }
        try bench.writer.beginTransaction()
        try bench.writer.write(.numbered("out", 0, 0..<5), token: 1)
        // ILLEGAL_GENERATION.
        bench.faulty.cluster.fail(.transactionalOffsetCommit, codes: [22])
        let error = #expect(throws: TransactionError.self) {
            try bench.writer.sendOffsets(
                [bench.faulty.partition: CommittedOffset(offset: Offset(1))],
                group: try bench.metadata(), timeoutMilliseconds: Self.timeout)
        }
        #expect(error?.remedy == .abortable, "\(String(describing: error))")
        try bench.writer.abortTransaction(timeoutMilliseconds: Self.timeout)
        #expect(try bench.member.reader.committed([bench.faulty.partition]).isEmpty)
    }

    @Test("a step out of turn is refused")
    func outOfTurn() throws {
        let faulty = try FaultyCluster()
        let writer = try KafkaWriter(
            faulty.configuration, KafkaWriterOptions(transactionalID: "run.stage.1"))
        defer { writer.close() }
        #expect(throws: TransactionError.self) { try writer.beginTransaction() }
        let plain = try KafkaWriter(faulty.configuration)
        defer { plain.close() }
        #expect(throws: TransactionError.self) {
            try plain.initTransactions(timeoutMilliseconds: 1_000)
        }
    }
}
