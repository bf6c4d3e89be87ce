import DatabaseFixture
import Dataflow
import Foundation
import KafkaClient
import PostgresClient
import Records
import Runtime
import Testing
import WordCount

@testable import Command

/// What a stage that commits to PostgreSQL tells its consumer group, for tools that know groups alone.
@Suite(
    "Groups of stages that commit to PostgreSQL",
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct AnnouncedOffsetsTests {
    private static let partition = TopicPartition(topic: "word-counts", partition: 0)

    @Test("the group shows how far the database has come, and what it holds is never read back")
    func announced() async throws {
        try await TestServers.withAll("announced") { try check($0, $1, $2) }
    }

    private func check(
        _ address: String, _ postgres: PostgresConfiguration, _ directory: String
    ) throws {
        let kafka = try KafkaConfiguration(bootstrapServers: address)
        let services = ServiceEnvironment(kafka: kafka, postgres: postgres)
        let run = "announced-\(UUID())"
        let group = "\(run).totals"
        let admin = try KafkaAdmin(kafka)
        defer { admin.close() }
        try admin.createTopics([
            TopicSpec(name: "word-counts", partitions: 1, retention: .unlimited)
        ])
        let writer = try KafkaWriter(kafka)
        defer { writer.close() }
        try write(0..<5, writer)
        // Somebody's offset, behind records that nobody has read.
        let stranger = try KafkaReader(kafka, KafkaReaderOptions(.byHand(group: group)))
        try stranger.commit([Self.partition: CommittedOffset(offset: Offset(3))])
        stranger.close()

        var settings = PipelineRunner.Settings(
            run: run, checkpoints: CheckpointPlace(text: "\(directory)/checkpoints"))
        settings.threads = 1
        settings.options.deliver(.exactlyOnce, every: 50)
        let database = try PostgresConnection(postgres)
        defer { database.close() }
        func start() throws -> PipelineRunner {
            try PipelineRunner(
                try Catalogue.entry("word-table"), settings, services, clock: ScaledClock.wall())
        }
        func shown() throws -> CommittedOffset? {
            try admin.committed(group: group, [Self.partition])[Self.partition]
        }
        func reach(_ count: Int64) throws {
            let rows = try TestDatabase.eventually(
                database, "SELECT FROM word_totals HAVING count(*) = $1", [.integer(count)])
            #expect(rows, "the table has not come to \(count) rows")
        }
        let first = try start()
        defer { first.stop() }
        try reach(5)
        for _ in 0..<6_000 where try shown()?.metadata != "decided in PostgreSQL" {
            try database.query("SELECT pg_sleep(0.01)")
        }
        #expect(
            try shown()?.metadata == "decided in PostgreSQL", "the first decision is told at once")
        try write(5..<8, writer)
        try reach(8)
        first.stop()
        #expect(first.failure == nil)
        // The last one is told on the way out.
        let last = try shown()
        #expect(last?.offset == Offset(8), "\(String(describing: last))")
        // A tool that resets the group moves nothing: the next run goes on where the database says.
        let tool = try KafkaReader(kafka, KafkaReaderOptions(.byHand(group: group)))
        try tool.commit([Self.partition: CommittedOffset(offset: Offset(0))])
        tool.close()
        try database.script("DELETE FROM word_totals")
        try write(8..<9, writer)
        let second = try start()
        defer { second.stop() }
        #expect(try TestDatabase.eventually(database, "SELECT FROM word_totals"))
        second.stop()
        let left = try database.query("SELECT count(*) FROM word_totals")
        #expect(try left.first?.value(0, as: Int64.self) == 1)
    }

    private func write(_ numbers: Range<Int>, _ writer: KafkaWriter) throws {
        var batch = OutputBatch(topics: [Self.partition.topic])
        for number in numbers {
            let total = WordTotal(
                word: "word\(number)", windowStart: EventTime(milliseconds: 0), count: 1)
            var (key, value) = (ByteWriter(), ByteWriter())
            _ = total.encodeKey(into: &key)
            _ = total.encodeValue(into: &value)
            let start = batch.bytes.count
            batch.bytes += key.bytes + value.bytes
            let middle = start + key.count
            batch.entries.append(
                OutputBatch.Entry(
                    topic: 0, partition: 0, timestamp: EventTime(milliseconds: 1),
                    key: start..<middle, value: middle..<batch.bytes.count))
        }
        try writer.write(batch, token: 1)
        try writer.flush(timeoutMilliseconds: 60_000)
        writer.poll().forEach { #expect($0.error == nil) }
    }
}
