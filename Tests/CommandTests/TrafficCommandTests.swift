import ArgumentParser
import DatabaseFixture
import EmbeddedBroker
import Foundation
import KafkaClient
import LogContract
import OperatorTesting
import PostgresClient
import Records
import RoadNetwork
import State
import TestFiles
import Testing
import Transforms

@testable import Command
@testable import TrafficUpdates

/// `millrace traffic show` and `export` as they are called, and what runs beside the tables.
@Suite("The commands of live traffic")
struct TrafficCommandTests {
    @Test(
        "words that can't be are refused with a sentence",
        arguments: [
            (["--bbox", "8.7,49.4,8.6,49.5"], "west,south,east,north"),
            (["--bbox", "8.6,49.4,8.7"], "west,south,east,north"),
            (["--theme", "pink"], "there is no theme pink"),
            (["--out", "map.jpg"], "ends in .svg or .png"),
            (["--at", "nan"], "--at"), (["--at", "1e300"], "--at"), (["--at=-inf"], "--at"),
        ] as [([String], String)])
    func shownWords(arguments: [String], sentence: String) {
        let error = #expect(throws: (any Error).self) {
            _ = try TrafficShowCommand.parse(arguments)
        }
        #expect(error.map { TrafficShowCommand.message(for: $0).contains(sentence) } == true)
    }

    @Test(
        "a fleet drives for a time that there is, at a speed that there is",
        arguments: [
            ["--seconds", "inf"], ["--seconds", "nan"], ["--seconds", "0"], ["--seconds", "1e18"],
            ["--rate", "inf"], ["--rate", "nan"], ["--rate", "0.5"],
        ])
    func fleetWords(arguments: [String]) {
        #expect(throws: (any Error).self) { try DevFleetCommand.parse(arguments) }
    }

    @Test(
        "a demo takes a time that there is",
        arguments: [
            ["--duration", "nan"], ["--duration", "inf", "--simulated", "inf"],
            ["--simulated", "1e300"], ["--live", "inf"], ["--live", "nan"],
        ])
    func demoWords(arguments: [String]) {
        #expect(throws: (any Error).self) { try DemoCommand.parse(arguments) }
    }

    @Test(
        "an export without a router, without edges, or with an odd pause is refused",
        arguments: [
            (["--map", "m"], "--valhalla or --osrm"),
            (["--map", "m", "--valhalla", "t.tar"], "go together"),
            (["--map", "m", "--osrm", "o.csv", "--every", "0"], "--every"),
            (["--map", "m", "--osrm", "o.csv", "--age", "0"], "--age"),
        ] as [([String], String)])
    func exportedWords(arguments: [String], sentence: String) {
        let error = #expect(throws: (any Error).self) {
            _ = try TrafficExportCommand.parse(arguments)
        }
        #expect(error.map { TrafficExportCommand.message(for: $0).contains(sentence) } == true)
    }

    @Test(
        "show draws the newest speeds of a database to a file",
        .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
    func show() async throws {
        try await TestDatabase.withSchema { configuration in
            let entry = try Catalogue.entry(TrafficUpdates.name)
            try PipelineRunner.createTables(
                entry, try entry.plan(parameters: nil), parameters: nil, configuration)
            let connection = try PostgresConnection(configuration)
            defer { connection.close() }
            let out = FileManager.default.temporaryDirectory
                .appendingPathComponent("millrace-show-\(UUID().uuidString).svg").path
            defer { try? FileManager.default.removeItem(atPath: out) }
            let command = try TrafficShowCommand.parse(["--out", out, "--theme", "dark"])
            // Nothing to show yet.
            let error = await #expect(throws: DataflowError.self) {
                try await command.run(configuration)
            }
            #expect(error?.message.contains("empty") == true)
            let roads = try Catalogue.map(at: "")
            let start = EventTime(milliseconds: 1_760_314_020_000)
            for segment in 0..<50 {
                try connection.query(
                    "INSERT INTO live_traffic (segment_id, window_start, window_end, speed_kmh,"
                        + " traversals, vehicles, revision) VALUES ($1, $2, $3, $4, 4, 3, 1)",
                    [
                        .integer(Int64(bitPattern: roads.id(of: segment).rawValue)), .time(start),
                        .time(start.advanced(byMilliseconds: 60_000)), .double(40),
                    ])
            }
            try await command.run(configuration)
            let picture = try String(contentsOfFile: out, encoding: .utf8)
            #expect(picture.contains("<svg") && picture.contains("13 Oct 2025, 00:07 UTC"))
        }
    }

    @Test("a box across the antimeridian goes from east to west")
    func antimeridian() throws {
        _ = try TrafficShowCommand.parse(["--bbox", "179.5,-17,-179.5,-16"])
        #expect(throws: (any Error).self) {
            _ = try TrafficShowCommand.parse(["--bbox", "-179.5,-17,-179.7,-16"])
        }
    }

    private static func onThread<T: Sendable>(
        _ work: @escaping @Sendable () throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
        }
    }

    /// Runs `body` with a broker of its own.
    private func withBroker(_ body: (KafkaConfiguration) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-export-\(UUID().uuidString)").path
        let broker = try await TrafficCommandTests.onThread {
            try EmbeddedBroker.startAndWait(BrokerConfiguration(dataDirectory: directory))
        }
        defer { try? FileManager.default.removeItem(atPath: directory) }
        do {
            try await body(KafkaConfiguration(bootstrapServers: broker.address))
            try await broker.stop()
        } catch {
            try? await broker.stop()
            throw error
        }
    }

    @Test(
        "export --once writes what the topic holds, and leaves out what is too old by the clock",
        .enabled(if: SharedData.has("osm/monaco-2012-06.osm.pbf"), "../shared is missing"))
    func export() async throws {
        let map = try #require(SharedData.path("osm/monaco-2012-06.osm.pbf"))
        let roads = try RoadGraph(contentsOfOSMFile: map)
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-routers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let table = directory.appendingPathComponent("speeds.csv").path
        try await withBroker { kafka in
            let start = EventTime(milliseconds: 1_760_314_020_000)
            let segments = (0..<20).map { roads.id(of: $0) }
            try await TrafficCommandTests.onThread {
                try TrafficCommandTests.send(segments, at: start, to: kafka)
            }
            func lines(_ arguments: [String]) async throws -> Int {
                try "old\n".write(toFile: table, atomically: true, encoding: .utf8)
                let command = try TrafficExportCommand.parse(
                    ["--map", map, "--osrm", table, "--once"] + arguments)
                try await command.run(ServiceEnvironment(kafka: kafka, postgres: nil))
                return try String(contentsOfFile: table, encoding: .utf8).split(separator: "\n")
                    .count { $0.hasSuffix(",36") }
            }
            #expect(try await lines(["--recorded"]) >= 20)
            #expect(try await lines([]) == 0, "a year old")
            #expect(try String(contentsOfFile: table, encoding: .utf8).isEmpty)
        }
    }

    /// Puts a speed of 36 km/h of each segment into the topic.
    private static func send(
        _ segments: [SegmentID], at start: EventTime, to kafka: KafkaConfiguration
    ) throws {
        let admin = try KafkaAdmin(kafka)
        defer { admin.close() }
        // The records are of another year: a broker that looks after its topics would delete them.
        try admin.createTopics([
            TopicSpec(name: "traffic-updates", partitions: 2, retention: .unlimited)
        ])
        let writer = try KafkaWriter(kafka)
        defer { writer.close() }
        var batch = OutputBatch(topics: ["traffic-updates"])
        for (index, segment) in segments.enumerated() {
            let passage = SegmentTraversal(
                vehicle: 1, visitor: 1, segment: segment, enteredAt: start,
                leftAt: start.advanced(byMilliseconds: 10_000), length: 100, completedAt: start,
                freeFlowSeconds: 8, confidence: 1)
            var sum = SegmentSpeed()
            sum.add(passage, at: passage.leftAt)
            let window = Window(start: start, end: start.advanced(byMilliseconds: 60_000))
            let update = TrafficUpdate(
                Change(
                    key: segment, window: window, revision: 1, finalAt: window.end, value: sum))
            var (key, value) = (ByteWriter(), ByteWriter())
            _ = update.encodeKey(into: &key)
            _ = update.encodeValue(into: &value)
            batch.append(
                partition: Int32(index % 2), key: Array(key.bytes), value: Array(value.bytes))
        }
        try writer.writeThrough(batch)
    }

    @Test(
        "the keeper goes on after a round that failed, and tells of it",
        .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage), .timeLimit(.minutes(5)))
    func keeper() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            defer { connection.close() }
            let (told, tell) = AsyncStream<String>.makeStream()
            let keeper = TableKeeper(
                [AgeingTable("kept", by: "at", keep: 60)], configuration,
                clock: ManualClock(EventTime(milliseconds: 1_000_000)),
                TroubleLog(write: { _ = tell.yield($0) }), everySeconds: 0.02)
            defer { keeper.stop() }
            // There is no such table: the round fails, and it is said.
            var lines = told.makeAsyncIterator()
            let line = await lines.next() ?? ""
            #expect(line.hasPrefix("table-keeper, delete old rows: "))
            // Once there is, a later round does what it is for.
            try connection.script(
                "CREATE TABLE kept (at timestamptz);"
                    + " INSERT INTO kept VALUES (to_timestamp(0)), (to_timestamp(900))")
            var left = 2
            while left > 1 {
                left = try connection.query("SELECT 1 FROM kept").count
                await Task.yield()
            }
            let kept = try connection.query("SELECT at FROM kept")
            #expect(try kept.first?.value(0) == EventTime(milliseconds: 900_000))
        }
    }
}
