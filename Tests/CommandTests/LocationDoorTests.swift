import Dataflow
import Foundation
import Logging
import Records
import Serving
import Sources
import State
import Testing

@testable import Command
@testable import LocationIngest
@testable import Runtime

/// Ten past three in the afternoon of 2016-11-22, UTC.
final class FixedClock: EventClock {
    func now() -> EventTime { EventTime(milliseconds: 1_479_827_400_000) }
}

/// The door that `millrace run location-ingest` opens, with a log that answers when the test says so.
@Suite("The door of location-ingest")
struct LocationDoorTests {
    private let mailbox = Mailbox()

    private func door(_ yaml: String? = nil) throws -> LocationDoor {
        LocationDoor(
            decoder: LocationBatchDecoder(limits: try LocationDoor.limits(parameters: yaml)),
            doors: [mailbox], clock: FixedClock())
    }

    /// Answers a request's push as the log would; gives the reply and how much was pushed.
    private func reply(_ body: String, _ yaml: String? = nil) async throws -> IngestReply {
        let handler = LocationIngestHandler(door: try door(yaml))
        async let reply = handler.reply(to: IngestRequest(body: Array(body.utf8)))
        let push = try #require(await mailbox.nextPush())
        mailbox.answer(push.ticket, nil)
        return await reply
    }

    @Test("a bad point is named with the documented word, and the good ones go through")
    func documentedReasons() async throws {
        let points =
            "[[91, 8, 1479827400], [49, 181, 1479827400], [49, 8, 1479827400], [49, 8], [49, 8, 1]]"
        let reply = try await reply(#"{"user_id": "u-1", "locs": \#(points)}"#)
        let text = String(decoding: reply.body, as: UTF8.self)
        #expect(reply.status == 422)
        #expect(text.contains("\"accepted\":1"), "\(text)")
        for word in [
            "latitude-out-of-range", "longitude-out-of-range", "wrong-arity", "too-old",
        ] { #expect(text.contains("\"\(word)\""), "\(text)") }
        #expect(!text.contains("OutOfRange"))
    }

    @Test("what is refused lies in the dead letters with its reason and its own bytes")
    func deadLetters() async throws {
        let door = try door()
        let body = Array(
            #"{"user_id": "u-1", "locs": [[91, 8, 1479827400], [49, 8, 1479827400], "x"]}"#.utf8)
        async let outcome = door.take(body)
        let push = try #require(await mailbox.nextPush())
        mailbox.answer(push.ticket, nil)
        let pushed = try #require(push.values as? PushSource<LocationUpdate>.Push)
        guard case .written = await outcome else {
            Issue.record("the good point was not written")
            return
        }
        #expect(pushed.records.map(\.0.latitude) == [49])
        #expect(pushed.records.map(\.1) == [FixedClock().now()])
        let letters = pushed.rejected
        #expect(
            letters.map(\.reason) == ["point 0: latitude-out-of-range", "point 2: not-a-list"])
        #expect(
            letters.map(\.value) == [Array("[91, 8, 1479827400]".utf8), Array("\"x\"".utf8)])
        for letter in letters {
            #expect(letter.code == "rejected" && letter.operatorID.rawValue == "http")
            #expect(letter.time == FixedClock().now())
            #expect(letter.partition == nil && letter.offset == nil, "it never was in the log")
        }
    }

    @Test("a request that is refused as a whole is one dead letter of its whole body")
    func refusedRequest() async throws {
        let door = try door()
        let body = Array(#"{"locs": ["#.utf8)
        async let outcome = door.take(body)
        let push = try #require(await mailbox.nextPush())
        mailbox.answer(push.ticket, nil)
        let pushed = try #require(push.values as? PushSource<LocationUpdate>.Push)
        guard case .refused(let refusal) = await outcome else {
            Issue.record("it was not refused")
            return
        }
        #expect(pushed.records.isEmpty)
        #expect(pushed.rejected.map(\.reason) == ["request: \(refusal.message)"])
        #expect(pushed.rejected.map(\.value) == [body])
    }

    @Test("limits of the parameter file hold")
    func limits() async throws {
        let yaml = "limits:\n  points: 1\n"
        let reply = try await reply(
            #"{"user_id": "u-1", "locs": [[49, 8, 1479827400], [49, 8, 1479827400]]}"#, yaml)
        #expect(String(decoding: reply.body, as: UTF8.self).contains("too-many-points"))
    }

    @Test("a batch that the log does not acknowledge is not accepted")
    func unacknowledged() async throws {
        let handler = LocationIngestHandler(door: try door())
        let body = #"{"user_id": "u-1", "locs": [[49, 8, 1479827400]]}"#
        async let reply = handler.reply(to: IngestRequest(body: Array(body.utf8)))
        _ = try #require(await mailbox.nextPush())
        mailbox.close()
        #expect(await reply.status == 503)
    }

    @Test("a request that is under way when the stop comes is answered")
    func stopLetsRequestsFinish() async throws {
        let ingest = try IngestDoor(try door(), postgres: nil, listen: "127.0.0.1:0") { true }
        let (stop, stopping) = AsyncStream<Void>.makeStream()
        let serving = Task {
            try await serveDoor(
                run: { try await ingest.run() },
                stop: {
                    // The stop is under way before the log answers.
                    async let stopped: Void = ingest.stop()
                    await stopped
                    mailbox.answer(1, nil)
                },
                until: [{ for await _ in stop { return } }])
        }
        var configuration = IngestClientConfiguration()
        configuration.url = "http://127.0.0.1:\(try await ingest.port)/v1/locations"
        let client = try IngestClient(configuration)
        async let sent = client.send(
            Array(#"{"user_id": "u-1", "locs": [[49, 8, 1479827400]]}"#.utf8))
        #expect(await mailbox.nextPush()?.ticket == 1)
        stopping.finish()
        _ = await sent
        try await serving.value
        let totals = client.totals
        try await client.shutdown()
        #expect(totals.accepted == 1)
        #expect(totals.attempts == 1)
    }

    @Test(
        "a door that can't be opened ends the run with its error, and without waiting for a signal")
    func doorFails() async throws {
        let (never, open) = AsyncStream<Void>.makeStream()
        await #expect(throws: DataflowError.self) {
            try await serveDoor(
                run: { throw DataflowError(.invalidConfiguration, domain: .user, "taken") },
                stop: {}, until: [{ for await _ in never { return } }])
        }
        open.finish()
    }

    @Test("the table holds the modes' names")
    func modeNames() throws {
        let decoded = try LocationBatchDecoder().decode(
            Array(
                #"{"user_id": "u", "user_mode": "active", "navigation_mode": "driving", "locs": [[49, 8, 1479827400]]}"#
                    .utf8), now: FixedClock().now())
        guard case .upsert(let values) = try #require(decoded.accepted.first).row else {
            Issue.record("a location is a row")
            return
        }
        #expect(values.suffix(2) == [.text("active"), .text("driving")])
    }
}
