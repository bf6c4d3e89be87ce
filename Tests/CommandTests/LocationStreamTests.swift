import Foundation
import KafkaClient
import LocationIngest
import Records
import Sources
import Testing

@testable import Command
@testable import Runtime

/// `tail -f live.jsonl | millrace run location-ingest --from - --order given`.
@Suite("Locations out of a pipe that stays open")
struct LocationStreamTests {
    private let mailbox = Mailbox()
    private let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("millrace-pipe-\(UUID().uuidString)").path

    private func lines(
        _ order: LocationLines.Order, _ interruption: Interruption
    ) throws -> LocationLines {
        LocationLines(
            door: LocationDoor(
                decoder: LocationBatchDecoder(), doors: [mailbox], clock: FixedClock()),
            kafka: try KafkaConfiguration(bootstrapServers: "127.0.0.1:1"), order: order,
            interruption: interruption)
    }

    private func line(_ latitude: Double) -> Data {
        Data(#"{"user_id": "u", "locs": [[\#(latitude), 8, 1479827400]]}"#.utf8)
    }

    /// Acknowledges the next locations as the log would.
    private func nextLatitudes() async -> [Double] {
        guard let push = await mailbox.nextPush() else { return [] }
        defer { mailbox.answer(push.ticket, nil) }
        let values = push.values as? PushSource<LocationUpdate>.Push
        return values?.records.map { $0.0.latitude } ?? []
    }

    @Test("each is taken when its line is there, and the end is the writer's")
    func lineByLine() async throws {
        #expect(mkfifo(path, 0o600) == 0)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reading = try lines(.given, Interruption())
        async let totals = reading.play(path)
        // For both, or opening it would wait for the reader.
        let pipe = try #require(FileHandle(forUpdatingAtPath: path))
        for latitude in [1.0, 2.0, 3.0] {
            try pipe.write(contentsOf: line(latitude) + Data("\n".utf8))
            #expect(await nextLatitudes() == [latitude])
        }
        // A line comes in two halves, and the last one without an end.
        try pipe.write(contentsOf: line(4).prefix(9))
        try pipe.write(contentsOf: line(4).dropFirst(9))
        try pipe.close()
        #expect(await nextLatitudes() == [4])
        #expect(try await totals.accepted == 4)
    }

    @Test("a stop is noticed while nothing comes", arguments: LocationLines.Order.allCases)
    func interrupted(order: LocationLines.Order) async throws {
        #expect(mkfifo(path, 0o600) == 0)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let interruption = Interruption()
        let reading = try lines(order, interruption)
        async let totals = reading.play(path)
        let pipe = try #require(FileHandle(forUpdatingAtPath: path))
        try pipe.write(contentsOf: line(1) + Data("\nhalf a li".utf8))
        if order == .given { #expect(await nextLatitudes() == [1]) }
        interruption.request()
        // Half a line is none.
        let lines = try await totals.lines
        #expect(order == .given ? lines == 1 : lines <= 1)
        try pipe.close()
    }

    @Test("a file that isn't there is an error that names it")
    func missing() async throws {
        let reading = try lines(.given, Interruption())
        await #expect(throws: DataflowError.self) { try await reading.play(path) }
    }
}
