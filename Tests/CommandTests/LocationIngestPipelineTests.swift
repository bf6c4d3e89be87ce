import Dataflow
import LocationIngest
import OperatorTesting
import Records
import State
import Testing

@testable import Command
@testable import Runtime

/// From a request at the door to rows and dead letters, with the pipeline that `millrace run` runs.
@Suite("location-ingest, whole")
struct LocationIngestPipelineTests {
    private let mailbox = Mailbox()
    private static let request =
        #"{"user_id": "u-1", "user_mode": "active", "navigation_mode": "driving", "#
        + #""locs": [[49, 8, 1479827400], [91, 8, 1479827400], [49.5, 8.5, 1479827340]]}"#

    private func harness() throws -> PipelineHarness {
        var options = SimulationOptions()
        options.worker.isBounded = true
        options.batchLimit = 1
        options.start = FixedClock().now()
        return try PipelineHarness(LocationIngest.name, options) {
            LocationIngest().build($0, .init())
        }
    }

    /// Sends a request through the door into the pipeline's first stage.
    private func send(_ body: String, to harness: PipelineHarness) async throws {
        let door = LocationDoor(
            decoder: LocationBatchDecoder(limits: try LocationDoor.limits(parameters: nil)),
            doors: [mailbox], clock: FixedClock())
        async let outcome = door.take(Array(body.utf8))
        let push = try #require(await mailbox.nextPush())
        try harness.push(push.values, to: "http")
        try harness.settle()
        mailbox.answer(push.ticket, nil)
        _ = await outcome
    }

    /// What cannot be a location, behind what is on a partition of the topic.
    private func sendNoise(to harness: PipelineHarness) throws -> Offset {
        let end = harness.driver.log.end(of: TopicPartition(topic: "locations", partition: 1))
        try harness.send(
            SimulatedLog.Record(timestamp: FixedClock().now(), key: [7], value: [255, 255]),
            to: "locations", partition: 1)
        return end
    }

    private func row(_ latitude: Double, _ longitude: Double, _ seconds: Int64) -> [TableValue] {
        [
            .text("u-1"), .time(EventTime(milliseconds: seconds * 1_000)), .double(latitude),
            .double(longitude), .text("active"), .text("driving"),
        ]
    }

    private var wanted: Set<[TableValue]> {
        [row(49, 8, 1_479_827_400), row(49.5, 8.5, 1_479_827_340)]
    }

    @Test("good points are rows, once, however often they are sent; a refused one is a dead letter")
    func rows() async throws {
        let harness = try harness()
        try await send(Self.request, to: harness)
        try await send(Self.request, to: harness)
        #expect(try harness.records(of: "locations", as: LocationUpdate.self).count == 4)
        try harness.finish()
        let rows = harness.rows(of: "user_location")
        #expect(rows.count == 2 && Set(rows) == wanted)

        let letters = harness.driver.log.records(of: "location-ingest.dead-letters")
        let original = Array("[91, 8, 1479827400]".utf8)
        #expect(letters.map(\.value) == [original, original])
        #expect(
            letters.first?.headers == [
                RecordHeader("millrace.code", "rejected"),
                RecordHeader("millrace.reason", "point 1: latitude-out-of-range"),
                RecordHeader("millrace.operator", "http"),
            ])
    }

    @Test("what the topic holds and nobody can read is a row of dead letters with place and bytes")
    func unreadable() async throws {
        let harness = try harness()
        try await send(Self.request, to: harness)
        let offset = try sendNoise(to: harness)
        try await send(Self.request, to: harness)
        try harness.finish()
        #expect(Set(harness.rows(of: "user_location")) == wanted)
        let letters = harness.rows(of: "millrace.dead_letters")
        try #require(letters.count == 1)
        let letter = letters[0]
        #expect(
            letter.prefix(6) == [
                .text("location-ingest"), .text("stored"), .text("locations"), .integer(1),
                .integer(offset.rawValue), .text("undecodable"),
            ])
        guard case .text(let reason) = letter[6] else {
            Issue.record("a reason is text")
            return
        }
        #expect(reason.hasPrefix("could not decode: "))
        #expect(letter.suffix(3) == [.time(FixedClock().now()), .bytes([7]), .bytes([255, 255])])
    }

    @Test("a crash behind any batch changes neither rows nor dead letters")
    func crash() async throws {
        var crashes = 0
        for boundary in 0..<6 {
            let harness = try harness()
            try await send(Self.request, to: harness)
            let offset = try sendNoise(to: harness)
            let batches = harness.driver.batches
            if boundary > 0 { try harness.run(untilBatch: batches + boundary) }
            try harness.crashAndRestore()
            crashes += 1
            try await send(Self.request, to: harness)
            try harness.finish()
            let rows = harness.rows(of: "user_location")
            #expect(rows.count == 2 && Set(rows) == wanted, "boundary \(boundary)")
            let letters = harness.rows(of: "millrace.dead_letters")
            #expect(letters.map { $0[4] } == [.integer(offset.rawValue)], "boundary \(boundary)")
        }
        #expect(crashes == 6)
    }
}
