import DatabaseFixture
import Dataflow
import Foundation
import KafkaClient
import LogContract
import Records
import Sources
import Synchronization
import Testing

@testable import Command
@testable import Runtime

/// What stages make of a cluster that refuses what they write.
@Suite("Stages whose output is refused")
struct LaneWriterTests {
    private static let outOfOrderSequence: Int32 = 45
    private static let hour: Int64 = 3_600_000

    private static func now() -> EventTime { ScaledClock.wall().now() }

    private static func faulty(_ topics: String...) throws -> (MockCluster, KafkaConfiguration) {
        let cluster = try MockCluster()
        for topic in topics { try cluster.createTopic(topic, partitions: 1) }
        return (
            cluster,
            try KafkaConfiguration(
                bootstrapServers: cluster.bootstrapServers,
                properties: ["retry.backoff.ms": "20", "reconnect.backoff.max.ms": "200"])
        )
    }

    @Test("a producer out of step is replaced, and under at-least-once nothing is lost")
    func atLeastOnce() throws {
        let (cluster, kafka) = try Self.faulty("in", "out", "copies.dead-letters")
        defer { cluster.close() }
        let fixture = try LaneFixture(
            "copies", kafka, .atLeastOnce, define: LaneFixture.copies)
        defer { fixture.close() }
        try fixture.write("in", (0..<10 as Range<UInt64>).map { ($0, Self.now()) })
        _ = try fixture.reach("out") { $0.count >= 10 }
        try fixture.write("in", (10..<20 as Range<UInt64>).map { ($0, Self.now()) })
        // The lane stands still meanwhile: it is its own next request that is refused.
        cluster.fail(.produce, codes: [Self.outOfOrderSequence])
        let seen = try fixture.reach("out") { Set(Note.ids($0)).count == 20 }
        #expect(Array(Note.ids(seen).suffix(10)) == Array(10..<20))
        #expect((fixture.lane.services.writer as? RenewedWriter)?.renewals == 1)
    }

    @Test("a push that meets it is told to come again, and the next is written")
    func push() throws {
        let (cluster, kafka) = try Self.faulty("out", "door.dead-letters")
        defer { cluster.close() }
        let fixture = try LaneFixture("door", kafka, define: LaneFixture.door)
        defer { fixture.close() }
        func push(_ id: UInt64) throws -> DataflowError? {
            let answer = Answer()
            let isTaken = fixture.mailbox.push(
                stage: fixture.lane.worker.stage.name,
                PushSource<Note>.Push(records: [(Note(id: id), Self.now())])
            ) { answer.give($0) }
            #expect(isTaken)
            for push in fixture.mailbox.take() {
                fixture.lane.handle(.pushed(ticket: push.ticket, values: push.values))
            }
            return try eventually("an answer", idle: fixture.turn) { answer.given }
        }
        #expect(try push(1) == nil)
        cluster.fail(.produce, codes: [Self.outOfOrderSequence])
        let error = try push(2)
        #expect(error != nil && error?.retry != .never, "\(String(describing: error))")
        #expect(try push(2) == nil)
        #expect(try push(3) == nil)
        let seen = try fixture.reach("out") { $0.count >= 3 }
        #expect(Note.ids(seen) == [1, 2, 3])
    }

    @Test(
        "a record whose time its topic refuses is a dead letter, and its neighbours come through",
        arguments: [Delivery.exactlyOnce, .atLeastOnce])
    func refusedTimes(delivery: Delivery) async throws {
        try await TestServers.withBroker("times") { address, directory in
            try FileManager.default.createDirectory(
                atPath: "\(directory)/slots", withIntermediateDirectories: true)
            let kafka = try KafkaConfiguration(bootstrapServers: address)
            try await TestDatabase.onThread {
                try checkTimes(kafka, delivery, directory: "\(directory)/slots")
            }
        }
    }

    private func checkTimes(
        _ kafka: KafkaConfiguration, _ delivery: Delivery, directory: String
    ) throws {
        let admin = try KafkaAdmin(kafka)
        defer { admin.close() }
        try admin.createTopics([TopicSpec(name: "in", partitions: 1)])
        // As Kafka 4 does unless somebody says otherwise.
        try admin.createTopics(
            ["out", "copies.dead-letters"].map { TopicSpec(name: $0, partitions: 1) },
            settings: ["message.timestamp.after.max.ms": String(Self.hour)])
        let limits = try admin.limits(of: ["in", "out", "copies.dead-letters"])
        #expect(limits["out"]?.aheadMilliseconds == Self.hour)
        let fixture = try LaneFixture(
            "copies", kafka, delivery, directory: directory, limits: limits,
            define: LaneFixture.copies)
        defer { fixture.close() }
        let now = Self.now()
        try fixture.write(
            "in",
            [
                (1, now), (2, now.advanced(byMilliseconds: 2 * Self.hour)), (3, now),
                (4, now.advanced(byMilliseconds: Self.hour / 2)),
            ])
        let seen = try fixture.reach("out") { $0.count >= 3 }
        #expect(Note.ids(seen) == [1, 3, 4])
        let letters = try fixture.reach("copies.dead-letters") { !$0.isEmpty }
        #expect(Note.ids(letters) == [2])
        // Its own time would be refused here as well.
        #expect(letters.allSatisfy { $0.timestamp < now.advanced(byMilliseconds: Self.hour) })
    }

    @Test("a time that only the broker refuses is told as what it is, and not tried for a day")
    func unknownLimit() async throws {
        try await TestServers.withBroker("limit") { address, _ in
            let kafka = try KafkaConfiguration(bootstrapServers: address)
            try await TestDatabase.onThread {
                let admin = try KafkaAdmin(kafka)
                defer { admin.close() }
                try admin.createTopics(
                    [TopicSpec(name: "out", partitions: 1)],
                    settings: ["message.timestamp.after.max.ms": String(Self.hour)])
                try admin.createTopics(
                    [TopicSpec(name: "kept", partitions: 1, retention: .compacted)])
                #expect(try admin.limits(of: ["kept"])["kept"]?.needsKey == true)
                let writer = try KafkaWriter(kafka)
                defer { writer.close() }
                var late = Note.batch(
                    "out", [(1, Self.now().advanced(byMilliseconds: 2 * Self.hour))])
                for topic in ["out", "kept"] {
                    late.topics = [topic]
                    try writer.write(late, token: 1)
                    let error = #expect(throws: DataflowError.self) {
                        try writer.flush(timeoutMilliseconds: 60_000)
                    }
                    #expect(error?.code == .rejected && error?.retry == .never)
                    #expect(error?.partition?.topic == topic)
                    _ = writer.poll()
                    late.entries[0].key = nil
                }
            }
        }
    }
}

/// The answer to a push; nil inside: it was written.
private final class Answer: Sendable {
    private let answer = Mutex<DataflowError??>(nil)
    var given: DataflowError?? { answer.withLock { $0 } }
    func give(_ error: DataflowError?) { answer.withLock { $0 = .some(error) } }
}
