import LogContract
import Records
import Synchronization
import Testing

@testable import KafkaClient

/// A mock cluster of one's own, to be hurt.
struct FaultyCluster {
    let cluster: MockCluster
    let configuration: KafkaConfiguration
    let partition = TopicPartition(topic: "t", partition: 0)

    init() throws {
        cluster = try MockCluster()
        try cluster.createTopic("t", partitions: 2)
        configuration = try KafkaConfiguration(
            bootstrapServers: cluster.bootstrapServers,
            properties: ["retry.backoff.ms": "20", "reconnect.backoff.max.ms": "200"])
    }

    func reader(group: String? = nil, timeout: Int = 10_000) throws -> KafkaReader {
        try KafkaReader(
            configuration,
            KafkaReaderOptions(.byHand(group: group), requestTimeoutMilliseconds: timeout))
    }

    /// The only member of a group, to which ``partition`` was assigned.
    func member() throws -> KafkaReader {
        let reader = try KafkaReader(configuration, KafkaReaderOptions(.group("g", topics: ["t"])))
        _ = try eventually("an assignment", idle: { reader.wait(milliseconds: 20) }) {
            _ = try reader.poll()
            return reader.owns([partition]) ? true : nil
        }
        return reader
    }
}

/// Kafka's error numbers as the tests use them.
enum Code {
    static let notLeader: Int32 = 6
    static let outOfOrderSequence: Int32 = 45
    static let invalidTransactionTimeout: Int32 = 50
    static let rebalanceInProgress: Int32 = 27
    static let illegalGeneration: Int32 = 22
    static let unknownMember: Int32 = 25
    static let topicAuthorization: Int32 = 29
    static let groupAuthorization: Int32 = 30
    static let clusterAuthorization: Int32 = 31
}

@Suite("Kafka client: failures of the cluster")
struct KafkaFaultTests {
    @Test("a passing produce error is retried, a lasting one is in the report")
    func produceErrors() throws {
        let faulty = try FaultyCluster()
        let writer = try KafkaWriter(faulty.configuration)
        defer { writer.close() }
        faulty.cluster.fail(.produce, codes: [Code.notLeader, Code.notLeader])
        try writer.writeThrough(.numbered("t", 0, 0..<10), token: 1)
        faulty.cluster.fail(.produce, codes: [Code.topicAuthorization])
        try writer.write(.numbered("t", 1, 0..<10), token: 2)
        #expect(throws: DataflowError.self) { try writer.flush(timeoutMilliseconds: 10_000) }
        let reports = writer.poll()
        #expect(reports.map(\.token) == [2])
        let error = try #require(reports.first?.error)
        #expect(error.message.contains("TOPIC_AUTHORIZATION_FAILED"))
        #expect(error.retry == .never && error.domain == .user)
        #expect(error.partition == TopicPartition(topic: "t", partition: 1))
    }

    @Test("a broker that is down makes retriable errors within the delivery time, and no hang")
    func brokerDown() throws {
        let faulty = try FaultyCluster()
        let options = KafkaWriterOptions(
            maximumRecords: 10, queueTimeoutMilliseconds: 50, deliveryTimeoutMilliseconds: 5_000)
        let writer = try KafkaWriter(faulty.configuration, options)
        defer { writer.close() }
        try writer.writeThrough(.numbered("t", 0, 0..<10), token: 1)
        faulty.cluster.setBroker(1, up: false)
        try writer.write(.numbered("t", 0, 10..<20), token: 2)
        let full = #expect(throws: DataflowError.self) {
            try writer.write(.numbered("t", 0, 20..<21), token: 3)
        }
        #expect(full?.code == .limitExceeded && full?.retry == .backoff)
        #expect(writer.outstandingRecords == 10)
        let large = #expect(throws: DataflowError.self) {
            try writer.write(.numbered("t", 0, 0..<11), token: 4)
        }
        #expect(large?.code == .limitExceeded && large?.retry == .never)
        #expect(throws: DataflowError.self) { try writer.flush(timeoutMilliseconds: 60_000) }
        let reports = writer.poll()
        #expect(reports.map(\.token) == [2])
        #expect(reports.first?.error?.retry == .backoff)
        #expect(writer.outstandingRecords == 0)
    }

    @Test("questions to a broker that is down end in time, with retriable errors")
    func questionsTimeOut() throws {
        let faulty = try FaultyCluster()
        let reader = try faulty.reader(group: "g", timeout: 300)
        defer { reader.close() }
        faulty.cluster.setBroker(1, up: false)
        let questions: [() throws -> Void] = [
            { _ = try reader.bounds(of: faulty.partition) },
            { _ = try reader.partitionCount(of: "t") },
            { _ = try reader.committed([faulty.partition]) },
            { try reader.commit([faulty.partition: CommittedOffset(offset: Offset(1))]) },
            { _ = try reader.offset(of: faulty.partition, at: EventTime(milliseconds: 1)) },
        ]
        for question in questions {
            let start = ContinuousClock.now
            let error = #expect(throws: DataflowError.self) { try question() }
            #expect(error?.retry == .backoff && error?.code == .logUnavailable)
            #expect(ContinuousClock.now - start < .seconds(5))
        }
        let start = ContinuousClock.now
        reader.close()
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test("committed offsets that can't be known are an error, never an absence")
    func committedError() throws {
        let faulty = try FaultyCluster()
        let reader = try faulty.reader(group: "g")
        defer { reader.close() }
        try reader.commit([faulty.partition: CommittedOffset(offset: Offset(4))])
        faulty.cluster.fail(.offsetFetch, codes: [Code.groupAuthorization])
        let error = #expect(throws: DataflowError.self) {
            try reader.committed([faulty.partition])
        }
        #expect(error?.message.contains("GROUP_AUTHORIZATION_FAILED") == true)
        #expect(try reader.committed([faulty.partition])[faulty.partition]?.offset == Offset(4))
    }

    @Test("a commit by somebody whom the group does not know is fenced")
    func commitFenced() throws {
        let faulty = try FaultyCluster()
        let reader = try faulty.reader(group: "g")
        defer { reader.close() }
        faulty.cluster.fail(.offsetCommit, codes: [Code.unknownMember])
        let error = #expect(throws: DataflowError.self) {
            try reader.commit([faulty.partition: CommittedOffset(offset: Offset(1))])
        }
        #expect(error?.code == .fenced && error?.retry == .restart)
        #expect(error?.message.contains("UNKNOWN_MEMBER_ID") == true)
    }

    @Test("an error of a partition is told, and no record is lost by it")
    func fetchErrors() throws {
        let faulty = try FaultyCluster()
        let writer = try KafkaWriter(faulty.configuration)
        defer { writer.close() }
        try writer.writeThrough(.numbered("t", 0, 0..<100))
        faulty.cluster.fail(.fetch, codes: [Code.notLeader, Code.topicAuthorization, 0])
        let reader = try faulty.reader()
        defer { reader.close() }
        try reader.assign([faulty.partition: Offset(0)])
        var seen: [SeenRecord] = []
        var errors: [DataflowError] = []
        _ = try eventually("all records", idle: { reader.wait(milliseconds: 20) }) {
            do {
                _ = try reader.readOnce(faulty.partition, into: &seen)
            } catch let error as DataflowError {
                errors.append(error)
            }
            return seen.count >= 100 ? true : nil
        }
        #expect(seen.map(number) == Array(0..<100))
        #expect(errors.allSatisfy { $0.partition == faulty.partition })
        #expect(errors.contains { $0.message.contains("TOPIC_AUTHORIZATION_FAILED") })
    }

    @Test("a member that leaves before it was ever told what is its own does not end the process")
    func leavesUnassigned() async {
        // What fails here ends a process: so it is one of its own.
        await #expect(processExitsWith: .success) {
            let faulty = try FaultyCluster()
            faulty.cluster.fail(
                .syncGroup, codes: Array(repeating: Code.rebalanceInProgress, count: 10_000))
            let isRefused = Mutex(false)
            let configuration = try KafkaConfiguration(
                bootstrapServers: faulty.cluster.bootstrapServers, properties: ["debug": "cgrp"]
            ) { _, line in
                if line.contains("SyncGroup error") { isRefused.withLock { $0 = true } }
            }
            let reader = try KafkaReader(
                configuration, KafkaReaderOptions(.group("g", topics: ["t"])))
            _ = try eventually("the member has joined", idle: { reader.wait(milliseconds: 20) }) {
                _ = try reader.poll()
                return isRefused.withLock { $0 } ? true : nil
            }
            reader.close()
        }
    }

    @Test(
        "what is announced for a group isn't committed as its member, which could lose its assignment"
    )
    func announcedOutside() throws {
        let faulty = try FaultyCluster()
        let reader = try faulty.member()
        defer { reader.close() }
        // As a member hears that commits with the generation of before a rebalance.
        faulty.cluster.fail(.offsetCommit, codes: [Code.illegalGeneration])
        reader.announce([faulty.partition: Offset(3)])
        // What is known of an announcement that goes the member's way comes by its queues.
        let announcer = try #require(reader.announcer)
        for _ in 0..<50 where reader.failedAnnouncements == 0 {
            reader.wait(milliseconds: 20)
            _ = try reader.poll()
        }
        #expect(announcer.waiting.isEmpty, "it was told")
        #expect(reader.failedAnnouncements == 0 && reader.owns([faulty.partition]))
        // Nobody has met the error so far.
        #expect(throws: DataflowError.self) {
            try reader.commit([faulty.partition: CommittedOffset(offset: Offset(3))])
        }
    }

    @Test(
        "an announcement that failed is not tried again on the way out, where nobody waits for it")
    func failingAtClose() throws {
        let faulty = try FaultyCluster()
        let reader = try faulty.member()
        defer { reader.close() }
        faulty.cluster.fail(
            .initProducerID, codes: Array(repeating: Code.clusterAuthorization, count: 1_000))
        reader.announce([faulty.partition: Offset(3)])
        _ = try eventually("a failure", idle: { reader.wait(milliseconds: 20) }) {
            _ = try reader.poll()
            return reader.failedAnnouncements == 1 ? true : nil
        }
        reader.close()
        #expect(reader.failedAnnouncements == 1)
    }

    @Test("an administrator tells what the cluster can't do")
    func administration() throws {
        let faulty = try FaultyCluster()
        let admin = try KafkaAdmin(faulty.configuration, timeoutMilliseconds: 10_000)
        defer { admin.close() }
        #expect(try admin.partitionCount(of: "t") == 2)
        #expect(try admin.topics() == ["t": 2])
        let reader = try faulty.reader(group: "g")
        defer { reader.close() }
        try reader.commit([
            faulty.partition: CommittedOffset(offset: Offset(7), metadata: "epoch=1")
        ])
        let committed = try admin.committed(group: "g", [faulty.partition])
        #expect(
            committed
                == [faulty.partition: CommittedOffset(offset: Offset(7), metadata: "epoch=1")])
        // The mock knows none of these.
        #expect(throws: DataflowError.self) {
            try admin.createTopics([TopicSpec(name: "n", partitions: 1, retention: .unlimited)])
        }
        #expect(throws: DataflowError.self) {
            try admin.deleteRecords(below: [faulty.partition: Offset(1)])
        }
        #expect(throws: DataflowError.self) { try admin.deleteTopics(["t"]) }
        #expect(throws: DataflowError.self) {
            try admin.createTopics([TopicSpec(name: "", partitions: 1)])
        }
    }
}
