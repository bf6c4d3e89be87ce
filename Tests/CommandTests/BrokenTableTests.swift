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

/// A table that takes nothing of one task, beside tasks of the same thread whose rows it takes.
@Suite(
    "A table that takes nothing of one task",
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct BrokenTableTests {
    private static let partitions: Int32 = 3
    private static let broken = 1_500
    private let topic = "broken-\(UUID().uuidString.lowercased())"

    @Test("blocks that task alone, busy and idle neighbours go on; mended, nothing is lost")
    func neighbours() async throws {
        try await TestServers.withAll("broken") { try check($0, $1, $2) }
    }

    private func check(
        _ address: String, _ postgres: PostgresConfiguration, _ directory: String
    ) throws {
        let kafka = try KafkaConfiguration(bootstrapServers: address)
        let admin = try KafkaAdmin(kafka)
        defer { admin.close() }
        try admin.createTopics([
            TopicSpec(name: topic, partitions: Self.partitions, retention: .unlimited)
        ])
        let writer = try KafkaWriter(kafka)
        defer { writer.close() }
        let database = try PostgresConnection(postgres)
        defer { database.close() }
        let runner = try start(kafka, postgres, directory)
        defer { runner.stop() }
        func reach(_ words: String, _ count: Int) throws {
            let rows = try TestDatabase.eventually(
                database,
                "SELECT FROM word_totals WHERE word LIKE $1 || '%' HAVING count(*) = $2",
                [.text(words), .integer(Int64(count))])
            #expect(rows, "the table has not come to \(count) rows of \(words)")
        }
        try write("busy", 0..<1, to: 1, writer)
        try reach("busy", 1)
        try database.script(Self.trigger)
        try write("bad", 0..<Self.broken, to: 0, writer)
        for _ in 0..<6_000 where runner.status.flatMap(\.obstacles).isEmpty {
            try database.query("SELECT pg_sleep(0.01)")
        }
        let before = try claims(runner.run, database)
        // One that is never silent, and one that has never had anything to do.
        for number in 1..<20 {
            try write("busy", number..<number + 1, to: 1, writer)
            try reach("busy", number + 1)
        }
        try write("idle", 0..<1, to: 2, writer)
        try reach("idle", 1)
        let obstacles = runner.status.flatMap(\.obstacles)
        #expect(obstacles.map(\.partition) == [TopicPartition(topic: topic, partition: 0)])
        #expect(
            obstacles.first?.error.message.contains("in a row and took none") ?? false,
            "\(obstacles)")
        // Neither has begun anew; the broken one has been tried again and again.
        #expect(before[1] == 1 && before[2] == 1)
        let after = try claims(runner.run, database)
        #expect(after[1] == 1 && after[2] == 1)
        let letters = try letters(database)
        #expect(letters < 1_000)

        try database.script("DROP TRIGGER refuse ON word_totals")
        try reach("bad", Self.broken - letters)
        #expect(try self.letters(database) == letters)
        for _ in 0..<6_000 where !runner.status.flatMap(\.obstacles).isEmpty {
            try database.query("SELECT pg_sleep(0.01)")
        }
        #expect(runner.status.flatMap(\.obstacles).isEmpty)
        #expect(runner.failure == nil)
    }

    private func start(
        _ kafka: KafkaConfiguration, _ postgres: PostgresConfiguration, _ directory: String
    ) throws -> PipelineRunner {
        var settings = PipelineRunner.Settings(
            run: topic, checkpoints: CheckpointPlace(text: "\(directory)/checkpoints"))
        settings.threads = 1
        settings.parameters = "counts: \(topic)\n"
        settings.options.deliver(.exactlyOnce, every: 50)
        settings.options.refusedRetryMilliseconds = 100
        settings.options.longestRefusedRetryMilliseconds = 500
        return try PipelineRunner(
            try Catalogue.entry("word-table"), settings,
            ServiceEnvironment(kafka: kafka, postgres: postgres), clock: ScaledClock.wall())
    }

    private static let trigger = """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'no'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON word_totals FOR EACH ROW
            WHEN (NEW.word LIKE 'bad%') EXECUTE FUNCTION refuse()
        """

    /// How often each task was claimed.
    private func claims(_ run: String, _ database: PostgresConnection) throws -> [Int32: Int64] {
        let rows = try database.query(
            "SELECT partition, generation FROM millrace.task_positions WHERE run = $1",
            [.text(run)])
        return try rows.reduce(into: [:]) { try $0[$1.value(0)] = $1.value(1) }
    }

    private func letters(_ database: PostgresConnection) throws -> Int {
        let rows = try database.query(
            "SELECT count(*) FROM millrace.dead_letters WHERE topic = $1", [.text(topic)])
        return try rows.first.map { Int(try $0.value(0, as: Int64.self)) } ?? 0
    }

    private func write(
        _ words: String, _ numbers: Range<Int>, to partition: Int32, _ writer: KafkaWriter
    ) throws {
        var batch = OutputBatch(topics: [topic])
        for number in numbers {
            let total = WordTotal(
                word: "\(words)\(number)", windowStart: EventTime(milliseconds: 0), count: 1)
            var (key, value) = (ByteWriter(), ByteWriter())
            _ = total.encodeKey(into: &key)
            _ = total.encodeValue(into: &value)
            let start = batch.bytes.count
            batch.bytes += key.bytes + value.bytes
            let middle = start + key.count
            batch.entries.append(
                OutputBatch.Entry(
                    topic: 0, partition: partition, timestamp: EventTime(milliseconds: 1),
                    key: start..<middle, value: middle..<batch.bytes.count))
        }
        try writer.write(batch, token: 1)
        try writer.flush(timeoutMilliseconds: 60_000)
        writer.poll().forEach { #expect($0.error == nil) }
    }
}
