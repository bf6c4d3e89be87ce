import BrokerModel
import EmbeddedBroker
import Foundation
import Synchronization
import Testing

@Suite("Clients that are cut off", .serialized)
struct SecurityTests {
    private let files = FaultyFiles(seed: 31)

    private func authenticate(_ text: String) -> SaslAuthenticateRequest {
        var request = SaslAuthenticateRequest()
        request.authBytes = Array(text.utf8)
        return request
    }

    private func handshake() -> SaslHandshakeRequest {
        var request = SaslHandshakeRequest()
        request.mechanism = "PLAIN"
        return request
    }

    @Test("have one try at a password, and wait for its answer")
    func oneTry() throws {
        let broker = try TestBroker(files: files) { $0.users = ["ann": "right"] }
        _ = try broker.ask(handshake(), SaslHandshakeResponse.self)
        let slot = try broker.send(authenticate("\0ann\0wrong"))
        #expect(broker.bytes(of: slot) == nil && broker.closed.isEmpty)
        #expect(throws: (any Error).self) { try broker.send(authenticate("\0ann\0right")) }
        #expect(broker.engine.nextWake == broker.now + 100)
        broker.tick(after: 100)
        let answer = try #require(try broker.answer(SaslAuthenticateResponse.self, to: slot))
        #expect(answer.response.errorCode == ErrorCode.saslAuthenticationFailed.rawValue)
        #expect(broker.closed[1] == "wrong credentials")
    }

    @Test("who have authenticated send requests of any size, and others small ones")
    func sizes() throws {
        let broker = try TestBroker(files: files) { $0.users = ["ann": "right"] }
        #expect(broker.engine.maximumRequest(of: broker.connection) == 512 << 10)
        _ = try broker.ask(handshake(), SaslHandshakeResponse.self)
        #expect(broker.engine.maximumRequest(of: broker.connection) == 512 << 10)
        let right = try broker.ask(authenticate("\0ann\0right"), SaslAuthenticateResponse.self)
        #expect(right.errorCode == 0)
        #expect(broker.engine.maximumRequest(of: broker.connection) == 100 << 20)
        let open = try TestBroker(files: FaultyFiles(seed: 32))
        #expect(open.engine.maximumRequest(of: open.connection) == 100 << 20)
    }

    @Test("over a socket: a large frame before, and a wrong password")
    func socket() async throws {
        let log = Log()
        try await log.withBroker({ $0.users = ["ann": "right"] }) { broker in
            let large = try RawClient(port: broker.port)
            try large.send([0x00, 0x10, 0x00, 0x00] + [UInt8](repeating: 0, count: 100))
            #expect(throws: RawClient.Failure.self) { try large.receive() }
            #expect(log.lines.contains { $0.contains("a request of 1048576 bytes") })
            let wrong = try RawClient(port: broker.port)
            _ = try wrong.ask(self.handshake(), SaslHandshakeResponse.self)
            let answer = try wrong.ask(
                self.authenticate("\0ann\0wrong"), SaslAuthenticateResponse.self)
            #expect(answer.errorCode == ErrorCode.saslAuthenticationFailed.rawValue)
            #expect(throws: RawClient.Failure.self) { try wrong.receive() }
            #expect(log.lines.contains { $0.contains("wrong credentials") })
            #expect(!log.lines.contains { $0.contains("ann") })
        }
    }

    @Test("whose batch with acks=0 could not be taken, as there is no other way to tell them")
    func noAcknowledgement() throws {
        let broker = try TestBroker(files: files)
        try broker.createTopic("t")
        let batch = TestBroker.batch(["v"])
        try broker.send(TestBroker.produceRequest(batch, topic: "t", acks: 0))
        #expect(broker.closed.isEmpty)
        try broker.send(TestBroker.produceRequest(batch, topic: "none", acks: 0))
        #expect(broker.closed[1]?.contains("acks=0") ?? false)
        #expect(try broker.read("t").values == ["v"])
    }

    @Test("whose batch with acks=0 could not be taken are cut off on their socket")
    func noAcknowledgementSocket() async throws {
        let log = Log()
        try await log.withBroker({ $0.autoCreateTopics = false }) { broker in
            let client = try RawClient(port: broker.port)
            let request = TestBroker.produceRequest(
                TestBroker.batch(["v"]), topic: "none", acks: 0)
            try client.send(client.frame(request))
            #expect(throws: RawClient.Failure.self) { try client.receive() }
        }
    }
}

/// The lines that a broker logs.
final class Log: Sendable {
    private let all = Mutex<[String]>([])
    var lines: [String] { all.withLock { $0 } }

    /// Runs `body` beside a broker in this process whose lines are kept.
    func withBroker(
        _ configure: (inout BrokerConfiguration) -> Void = { _ in },
        _ body: (EmbeddedBroker) throws -> Void
    ) async throws {
        let directory = try ClientTests.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var configuration = BrokerConfiguration(dataDirectory: directory)
        configure(&configuration)
        let broker = try await EmbeddedBroker.start(configuration) { line in
            self.all.withLock { $0.append(line) }
        }
        let result = Result { try body(broker) }
        try await broker.stop()
        try result.get()
    }
}
