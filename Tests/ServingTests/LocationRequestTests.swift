import Compression
import FoundationEssentials
import LocationIngest
import Records
import Serving
import Testing

@Suite("Locations over HTTP")
struct LocationRequestTests {
    struct Reply: Decodable {
        struct Fault: Decodable {
            var code: String
            var message: String
        }
        struct Element: Decodable {
            var index: Int
            var reason: String
        }
        var accepted: Int?
        var rejected: Int?
        var errors: [Element]?
        var error: Fault?
    }

    /// The reply, if it is one of the forms that clients know.
    static func decoded(_ raw: RawReply) throws -> Reply {
        let reply = try JSONDecoder().decode(Reply.self, from: Data(raw.body))
        if raw.status == 202 {
            #expect(reply.rejected == 0 && reply.errors == nil && (reply.accepted ?? 0) > 0)
        } else if reply.accepted != nil {
            #expect(raw.status == 422)
            #expect((reply.rejected ?? 0) > 0)
            #expect(reply.errors?.count == min(100, reply.rejected ?? 0))
        } else {
            #expect([400, 413, 415, 422].contains(raw.status))
            #expect(reply.error?.code.isEmpty == false && reply.error?.message.isEmpty == false)
        }
        return reply
    }

    static func batch(_ random: inout SeededGenerator, good: Int, bad: Int) -> [UInt8] {
        var batch = LocationBatch(userID: "user-\(random.next() % 50)", navigationMode: .driving)
        for index in 0..<(good + bad) {
            batch.points.append(
                .init(
                    latitude: index < good ? random.unit() * 90 : 91,
                    longitude: random.unit() * 180, observedAt: testNow))
        }
        return batch.json()
    }

    @Test("good points go on, bad ones are named, and together they are what was sent")
    func outcome() async throws {
        let door = LocationDoor()
        try await withServer([door.route]) { _, port in
            var random = SeededGenerator(seed: 21)
            var accepted = 0
            for (good, bad) in [(1, 0), (100, 0), (3, 2), (0, 5), (0, 250)] {
                let raw = try await exchange(
                    port, "POST", "/v1/locations",
                    body: Self.batch(&random, good: good, bad: bad))
                let reply = try Self.decoded(raw)
                #expect(raw.status == (bad == 0 ? 202 : 422))
                #expect(reply.accepted == good && reply.rejected == bad)
                #expect(reply.errors?.first?.index == (bad == 0 ? nil : good))
                #expect(reply.errors?.first?.reason == (bad == 0 ? nil : "latitude-out-of-range"))
                accepted += good
            }
            #expect(door.taken.value == accepted)
        }
    }

    @Test(
        "each kind of bad request has its status",
        arguments: [
            ("hello", 400, "not-json"), (#"{"user_id": "u", "locs": [[1,2,3]"#, 400, "not-json"),
            ("[]", 422, "not-an-object"), (#"{"locs": [[1,2,3]]}"#, 422, "missing-user-id"),
            (#"{"user_id": "", "locs": [[1,2,3]]}"#, 422, "empty-user-id"),
            (#"{"user_id": "u"}"#, 422, "missing-locs"),
            (#"{"user_id": "u", "locs": []}"#, 422, "empty-locs"),
        ])
    func refusals(body: String, status: Int, code: String) async throws {
        try await withServer([LocationDoor().route]) { _, port in
            let raw = try await exchange(port, "POST", "/v1/locations", body: Array(body.utf8))
            #expect(raw.status == status)
            #expect(try Self.decoded(raw).error?.code == code)
        }
    }

    @Test("600 seeded mutations over the wire, a third of them compressed, get sound replies")
    func mutations() async throws {
        let door = LocationDoor()
        try await withServer([door.route]) { server, port in
            var random = SeededGenerator(seed: 22)
            var accepted = 0
            for round in 0..<600 {
                var body = Self.batch(&random, good: 2, bad: Int(random.next() % 2))
                for _ in 0..<Int(random.next() % 3) {
                    let place = Int(random.next() % UInt64(body.count))
                    body[place] = UInt8(truncatingIfNeeded: random.next())
                }
                var headers: [String] = []
                if round % 3 == 0 {
                    body = try Codec.gzip.compress(body)
                    if round % 2 == 0 {
                        body[Int(random.next() % UInt64(body.count))] ^= 1
                    }
                    headers = ["Content-Encoding: gzip"]
                }
                let raw = try await exchange(
                    port, "POST", "/v1/locations", headers: headers, body: body)
                accepted += try Self.decoded(raw).accepted ?? 0
            }
            #expect(door.taken.value == accepted)
            #expect(accepted > 50)
            #expect(server.statistics.requests == 600)
            #expect(try await exchange(port, "GET", "/healthz").status == 200)
        }
    }

    @Test("300 seeded mutations of whole requests leave the server alive")
    func wireMutations() async throws {
        try await withServer([LocationDoor().route]) { _, port in
            var random = SeededGenerator(seed: 23)
            for _ in 0..<300 {
                let body = Self.batch(&random, good: 1, bad: 0)
                var bytes =
                    Array(
                        ("POST /v1/locations?a=1 HTTP/1.1\r\nHost: localhost\r\n"
                            + "Content-Length: \(body.count)\r\nContent-Encoding: identity\r\n\r\n")
                            .utf8) + body
                for _ in 0...Int(random.next() % 3) {
                    let place = Int(random.next() % 120)
                    switch random.next() % 3 {
                    case 0: bytes.remove(at: place)
                    case 1: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                    default: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                    }
                }
                let connection = try RawConnection(port: port)
                connection.send(bytes)
                connection.finish()
                let received = try #require(await connection.receive())
                connection.close()
                let start = Array("HTTP/1.1 ".utf8)
                #expect(received.isEmpty || received.starts(with: start))
            }
            #expect(try await exchange(port, "GET", "/healthz").status == 200)
        }
    }
}
