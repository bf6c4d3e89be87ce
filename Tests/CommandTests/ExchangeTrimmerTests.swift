import DatabaseFixture
import Dataflow
import EmbeddedBroker
import Foundation
import KafkaClient
import LogContract
import PostgresClient
import Records
import State
import Testing

@testable import Command

/// What the stages of a run have accounted for is deleted from the topics between them.
@Suite("Trimming what was read")
struct ExchangeTrimmerTests {
    private let run = "trim-\(UUID())"

    @Test(
        "each stage's topics are trimmed to where its authority says that it stands, and no others",
        .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
    func trims() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-trimmer-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let broker = try await EmbeddedBroker.start(BrokerConfiguration(dataDirectory: directory))
        do {
            try await TestDatabase.withSchema { postgres in
                try await TestDatabase.startOnThread { try check(broker.address, postgres) }.value()
            }
        } catch {
            try? await broker.stop()
            throw error
        }
        try await broker.stop()
    }

    private func check(_ address: String, _ postgres: PostgresConfiguration) throws {
        let kafka = try KafkaConfiguration(bootstrapServers: address)
        let plan = try Catalogue.entry("traffic-updates").plan(parameters: nil)
        let report = try LagReport(ServiceEnvironment(kafka: kafka, postgres: postgres))
        defer { report.close() }
        try report.admin.createTopics(plan.topics)
        let byBin = TopicPartition(topic: "traffic-updates.by-bin.repartition", partition: 1)
        let bySegment = TopicPartition(
            topic: "traffic-updates.by-segment.repartition", partition: 0)
        let locations = TopicPartition(topic: "locations", partition: 0)
        let writer = try KafkaWriter(kafka)
        defer { writer.close() }
        for place in [byBin, bySegment, locations] {
            try writer.writeThrough(.numbered(place.topic, place.partition, 0..<30))
        }

        // The database is the authority of one stage, its group that of the other.
        let database = PostgresCommitAuthority(postgres, owner: "test")
        let task = TaskID(run: run, stage: "by-bin", partition: 1)
        _ = try database.claim(task, inputs: [byBin])
        try database.decide([
            CommitDecision(
                task: task,
                position: CommitPosition(
                    offsets: [byBin: Offset(12)],
                    checkpoint: CheckpointRef(epoch: 1, attempt: 7, manifestChecksum: 0)),
                tables: [])
        ])
        let member = try KafkaReader(
            kafka, KafkaReaderOptions(.byHand(group: "\(run).by-segment")))
        defer { member.close() }
        try member.commit([bySegment: CommittedOffset(offset: Offset(5))])
        let other = try KafkaReader(kafka, KafkaReaderOptions(.byHand(group: "\(run).locations")))
        defer { other.close() }
        try other.commit([locations: CommittedOffset(offset: Offset(9))])
        #expect(try member.bounds(of: byBin).earliest == Offset(0))

        try ExchangeTrimmer.trim(plan, run: run, report)
        #expect(try member.bounds(of: byBin).earliest == Offset(12))
        #expect(try member.bounds(of: bySegment).earliest == Offset(5))
        #expect(try member.bounds(of: locations).earliest == Offset(0))
    }
}
