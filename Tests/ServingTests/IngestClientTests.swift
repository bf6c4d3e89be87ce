import LocationIngest
import Records
import Serving
import Synchronization
import Testing

@Suite("HTTP client for batches")
struct IngestClientTests {
    /// Runs a client against a server; the pauses that it would make are collected, not made.
    static func withClient(
        _ routes: [HTTPRoute], _ change: (inout IngestClientConfiguration) -> Void = { _ in },
        _ body: (IngestClient, Pauses) async throws -> Void
    ) async throws {
        try await withServer(routes) { _, port in
            var configuration = IngestClientConfiguration()
            configuration.url = "http://127.0.0.1:\(port)/v1/locations"
            configuration.requestSeconds = 2 * patientSeconds
            change(&configuration)
            let pauses = Pauses()
            let client = try IngestClient(configuration, seed: 3) { pauses.add($0) }
            do {
                try await body(client, pauses)
            } catch {
                try await client.shutdown()
                throw error
            }
            try await client.shutdown()
        }
    }

    final class Pauses: Sendable {
        private let all = Mutex<[Duration]>([])
        var values: [Duration] { all.withLock { $0 } }
        func add(_ pause: Duration) { all.withLock { $0.append(pause) } }
    }

    @Test(
        "many batches, compressed or not: what was sent is accepted or rejected",
        arguments: [false, true])
    func many(isCompressed: Bool) async throws {
        let door = LocationDoor()
        try await Self.withClient([door.route]) {
            $0.isCompressed = isCompressed
            $0.concurrency = 8
        } _: { client, _ in
            let random = Mutex(SeededGenerator(seed: 31))
            let left = Counter()
            let sent = Counter()
            await client.sendAll {
                guard left.add(1) <= 300 else { return nil }
                return random.withLock { random in
                    let count = Int(1 + random.next() % 20)
                    sent.add(count)
                    return LocationRequestTests.batch(
                        &random, good: count / 2, bad: count - count / 2)
                }
            }
            let totals = client.totals
            #expect(totals.bodies == 300 && totals.attempts == 300)
            #expect(totals.accepted + totals.rejected == sent.value)
            #expect(totals.accepted == door.taken.value)
            #expect(totals.refused == 0 && totals.failed == 0)
        }
    }

    @Test("429, 503 and 500 are tried again, as late as the server asks, within a bound")
    func retries() async throws {
        let calls = Counter()
        let route = HTTPRoute.post("/v1/locations") { _ in
            switch calls.add(1) {
            case 1: .tooManyRequests(retryAfterSeconds: 2)
            case 2: .backlog(retryAfterSeconds: 3_600)
            case 3: IngestReply(status: 500)
            case 4: .unacknowledged(retryAfterSeconds: 1)
            default: .outcome(accepted: 4, rejected: [])
            }
        }
        try await Self.withClient([route]) {
            $0.longestBackoffSeconds = 4
        } _: { client, pauses in
            #expect(await client.send([1, 2, 3]) == .taken(accepted: 4, rejected: 0))
            let values = pauses.values
            try #require(values.count == 4)
            #expect(values[0] == .seconds(2) && values[1] == .seconds(4))
            #expect(values[2] >= .seconds(0.1) && values[2] <= .seconds(0.2))
            #expect(values[3] == .seconds(1))
            #expect(client.totals.attempts == 5 && client.totals.bytes == 15)
        }
    }

    @Test("a refusal is final, and attempts run out")
    func ends() async throws {
        try await Self.withClient([LocationDoor().route]) { client, pauses in
            #expect(await client.send(Array("x".utf8)) == .refused(status: 400))
            #expect(pauses.values.isEmpty)
            #expect(client.totals.refused == 1)
        }
        let calls = Counter()
        let behind = HTTPRoute.post("/v1/locations") { _ in
            calls.add(1)
            return .backlog()
        }
        try await Self.withClient([behind]) {
            $0.attempts = 3
        } _: { client, pauses in
            #expect(await client.send([1]) == .failed("status 503"))
            #expect(calls.value == 3 && pauses.values.count == 2)
            #expect(client.totals.failed == 1)
        }
    }

    @Test("a server that isn't there is tried again too")
    func noServer() async throws {
        var port = 0
        try await withServer([]) { _, bound in port = bound }
        var configuration = IngestClientConfiguration()
        configuration.url = "http://127.0.0.1:\(port)/v1/locations"
        configuration.attempts = 2
        configuration.requestSeconds = 1
        let client = try IngestClient(configuration) { _ in }
        let outcome = await client.send([1])
        guard case .failed(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(!reason.isEmpty && client.totals.attempts == 2)
        try await client.shutdown()
    }

    @Test("settings that make no sense are refused")
    func badSettings() {
        var configuration = IngestClientConfiguration()
        configuration.url = "ftp://x"
        configuration.concurrency = 0
        configuration.firstBackoffSeconds = .infinity
        let error = #expect(throws: DataflowError.self) { try IngestClient(configuration) }
        for word in ["url", "concurrency 0", "firstBackoffSeconds inf"] {
            #expect(error?.message.contains(word) == true)
        }
    }
}
