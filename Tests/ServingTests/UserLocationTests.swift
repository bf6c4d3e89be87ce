import FoundationEssentials
import Records
import Serving
import Testing

/// Positions in memory.
struct FakeStore: UserLocationStore {
    struct Broken: Error {}

    var rows: [String: [UserLocation]] = [:]
    var isBroken = false

    func latest(user: String) async throws -> UserLocation? {
        if isBroken { throw Broken() }
        return rows[user]?.max { $0.observedAt < $1.observedAt }
    }

    func range(
        user: String, from: EventTime, to: EventTime, limit: Int
    ) async throws -> [UserLocation] {
        if isBroken { throw Broken() }
        let rows = (rows[user] ?? []).sorted { $0.observedAt < $1.observedAt }
        return Array(rows.filter { $0.observedAt >= from && $0.observedAt < to }.prefix(limit))
    }
}

@Suite("Locations of a user")
struct UserLocationTests {
    struct Page: Decodable {
        struct Location: Decodable {
            var observed_at: String
            var latitude: Double
            var longitude: Double
            var user_mode: String
            var navigation_mode: String
        }
        var user_id: String
        var locations: [Location]
        var next: String?
    }

    static let start: Int64 = 1_479_826_800_000

    static var store: FakeStore {
        FakeStore(rows: [
            "u/é": (0..<25).map { index in
                UserLocation(
                    observedAt: EventTime(milliseconds: start + Int64(index) * 1_000),
                    latitude: 49.5 + Double(index) / 1_000, longitude: -1e-7,
                    userMode: "active", navigationMode: "driv\"ing")
            },
            "silent": [],
        ])
    }

    static func get(
        _ port: Int, _ query: String, user: String = "u%2F%C3%A9"
    ) async throws -> RawReply {
        try await exchange(port, "GET", "/v1/users/\(user)/locations\(query)")
    }

    static func page(_ port: Int, _ query: String) async throws -> Page {
        let reply = try await get(port, query)
        #expect(reply.status == 200)
        return try JSONDecoder().decode(Page.self, from: Data(reply.body))
    }

    @Test("the latest position, a time range and the pages of it")
    func pages() async throws {
        try await withServer([UserLocationHandler(Self.store).route]) { _, port in
            let latest = try await Self.page(port, "?latest=true")
            #expect(latest.user_id == "u/é")
            #expect(latest.locations.map(\.observed_at) == ["2016-11-22T15:00:24.000Z"])
            #expect(latest.locations.first?.latitude == 49.524)
            #expect(latest.locations.first?.longitude == -1e-7)
            #expect(latest.locations.first?.navigation_mode == "driv\"ing")
            #expect(latest.next == nil)
            let range = try await Self.page(
                port, "?from=2016-11-22T16:00:05%2B01:00&to=\(Self.start / 1_000 + 8)")
            #expect(
                range.locations.map(\.observed_at) == [
                    "2016-11-22T15:00:05.000Z", "2016-11-22T15:00:06.000Z",
                    "2016-11-22T15:00:07.000Z",
                ])
            #expect(range.next == nil)
            var times: [String] = []
            var cursor: String?
            var sizes: [Int] = []
            repeat {
                let page = try await Self.page(
                    port, "?limit=10" + (cursor.map { "&cursor=\($0)" } ?? ""))
                times += page.locations.map(\.observed_at)
                sizes.append(page.locations.count)
                cursor = page.next
            } while cursor != nil
            #expect(sizes == [10, 10, 5])
            #expect(times == times.sorted() && Set(times).count == 25)
            #expect(try await Self.page(port, "?from=2017-01-01T00:00:00Z").locations.isEmpty)
        }
    }

    @Test("a user of whom nothing is known is not found")
    func unknown() async throws {
        try await withServer([UserLocationHandler(Self.store).route]) { _, port in
            for user in ["nobody", "silent"] {
                for query in ["", "?latest=1"] {
                    let reply = try await Self.get(port, query, user: user)
                    #expect(reply.status == 404)
                    #expect(IngestServerTests.code(reply) == "unknown-user")
                }
            }
        }
    }

    @Test(
        "a parameter at fault is named",
        arguments: [
            ("?limit=0", "limit isn't a whole number from 1 to 10000"),
            ("?limit=10001", "limit isn't a whole number from 1 to 10000"),
            ("?limit=x", "limit isn't a whole number from 1 to 10000"),
            ("?latest=maybe", "latest is neither true nor false"),
            ("?latest=true&from=1", "from and latest exclude each other"),
            ("?from=2&to=1", "from isn't before to"),
            ("?from=1&to=1", "from isn't before to"),
            ("?from=yesterday", "from is neither an ISO 8601 time"),
            ("?to=2016-11-22T15:00:00", "to is neither an ISO 8601 time"),
            ("?to=nan", "to is neither an ISO 8601 time"),
            ("?cursor=x", "cursor isn't the 'next' of an earlier reply"),
            ("?form=1", "'form' isn't one of from, to, limit, latest, cursor"),
            ("?limit=1&limit=2", "'limit' is given twice"),
        ])
    func parameters(query: String, message: String) async throws {
        try await withServer([UserLocationHandler(Self.store).route]) { _, port in
            let reply = try await Self.get(port, query)
            #expect(reply.status == 400)
            #expect(IngestServerTests.code(reply) == "bad-parameter")
            #expect(reply.text.contains(#""message":"\#(message)"#))
        }
    }

    @Test("a user's id that can't be one is refused")
    func badUser() async throws {
        try await withServer([UserLocationHandler(Self.store).route]) { _, port in
            for user in ["a%00b", String(repeating: "u", count: 129)] {
                let reply = try await Self.get(port, "", user: user)
                #expect(reply.status == 400)
            }
        }
    }

    @Test("a store that fails is 503, without its reasons")
    func broken() async throws {
        var store = Self.store
        store.isBroken = true
        try await withServer([UserLocationHandler(store, logger: quietLogger).route]) { _, port in
            let reply = try await Self.get(port, "")
            #expect(reply.status == 503)
            #expect(reply.headers["retry-after"] == "1")
            #expect(!reply.text.contains("Broken"))
        }
    }
}
