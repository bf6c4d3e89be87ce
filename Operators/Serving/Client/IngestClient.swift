internal import AsyncHTTPClient
internal import Compression
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
public import Records
internal import Synchronization

/// Posts bodies to an ``IngestServer`` over connections that are kept alive, and counts what became of
/// them.
///
/// 429, 5xx and failures of the connection are tried again after a pause that doubles, is drawn at
/// random from its upper half, and is at least what the server asks for with `Retry-After`, up to a
/// bound. A body may so be taken twice: it is for the receiver to know elements by their key.
public final class IngestClient: Sendable {
    /// Waits for a time, or throws when its task is cancelled.
    public typealias Pause = @Sendable (Duration) async throws -> Void

    private let configuration: IngestClientConfiguration
    private let client: HTTPClient
    private let pause: Pause
    private let state: Mutex<State>

    private struct State {
        var totals = IngestClientTotals()
        var random: SeededGenerator
    }

    /// Bytes of a reply that are read at most.
    private static let replyBytes = 1 << 20

    /// Makes a client; ``shutdown()`` ends it.
    ///
    /// - Parameters:
    ///   - configuration: Where to and how.
    ///   - seed: Decides the pauses' random part.
    ///   - pause: Waits between attempts.
    /// - Throws: ``DataflowError`` for settings that make no sense.
    public init(
        _ configuration: IngestClientConfiguration, seed: UInt64 = 1,
        pause: @escaping Pause = { try await Task.sleep(for: $0) }
    ) throws(DataflowError) {
        try configuration.validate()
        self.configuration = configuration
        self.pause = pause
        state = Mutex(State(random: SeededGenerator(seed: seed)))
        var settings = HTTPClient.Configuration()
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            configuration.concurrency
        settings.redirectConfiguration = .disallow
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// What was sent so far.
    public var totals: IngestClientTotals { state.withLock { $0.totals } }

    /// Closes the connections; nothing can be sent afterwards.
    public func shutdown() async throws {
        try await client.shutdown()
    }

    /// Sends what `next` returns until it returns nil, in as many requests at a time as the
    /// configuration says; of one call after the other the order of arrival isn't fixed.
    public func sendAll(_ next: @escaping @Sendable () async -> [UInt8]?) async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<configuration.concurrency {
                group.addTask {
                    while !Task.isCancelled, let body = await next() { _ = await self.send(body) }
                }
            }
        }
    }

    /// Sends a body until it is taken, refused or given up.
    @discardableResult
    public func send(_ body: [UInt8]) async -> IngestClientOutcome {
        let outcome = await attempts(body)
        state.withLock { state in
            state.totals.bodies += 1
            switch outcome {
            case .taken(let accepted, let rejected):
                state.totals.accepted += accepted
                state.totals.rejected += rejected
            case .refused: state.totals.refused += 1
            case .failed: state.totals.failed += 1
            }
        }
        return outcome
    }

    private func attempts(_ body: [UInt8]) async -> IngestClientOutcome {
        let request: Prepared
        do throws(CompressionError) {
            request = try prepared(body)
        } catch { return .failed("the body can't be compressed") }
        var failure = ""
        for attempt in 1...configuration.attempts {
            state.withLock { state in
                state.totals.attempts += 1
                state.totals.bytes += request.bodyLength
            }
            var asked: Int?
            do {
                let reply = try await client.execute(
                    request.request, timeout: .seconds(configuration.requestSeconds))
                let bytes = try await reply.body.collect(upTo: IngestClient.replyBytes)
                let status = Int(reply.status.code)
                guard status == 429 || status >= 500 else {
                    return IngestClient.outcome(status, bytes)
                }
                failure = "status \(status)"
                asked = reply.headers.first(name: "retry-after").flatMap(Int.init)
            } catch is CancellationError {
                return .failed("cancelled")
            } catch {
                failure = "\(error)"
            }
            guard attempt < configuration.attempts else { break }
            do { try await pause(backoff(after: attempt, asked: asked)) } catch {
                return .failed("cancelled after \(failure)")
            }
        }
        return .failed(failure)
    }
}

extension IngestClient {
    /// A request and how long its body is.
    private struct Prepared {
        var request: HTTPClientRequest
        var bodyLength: Int
    }

    private func prepared(_ body: [UInt8]) throws(CompressionError) -> Prepared {
        var request = HTTPClientRequest(url: configuration.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        var body = body
        if configuration.isCompressed, body.count >= configuration.compressedFromBytes {
            body = try Codec.gzip.compress(body)
            request.headers.add(name: "content-encoding", value: "gzip")
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        return Prepared(request: request, bodyLength: body.count)
    }

    /// The pause after an attempt, from 1.
    private func backoff(after attempt: Int, asked: Int?) -> Duration {
        let longest = configuration.longestBackoffSeconds
        let doubled = configuration.firstBackoffSeconds * Double(1 << min(attempt - 1, 30))
        let unit = state.withLock { $0.random.unit() }
        let drawn = min(longest, doubled) * (0.5 + unit / 2)
        return .seconds(min(longest, max(drawn, Double(asked ?? 0))))
    }

    /// The members of a reply that count.
    private struct Counts: Decodable {
        var accepted: Int
        var rejected: Int
    }

    private static func outcome(_ status: Int, _ reply: ByteBuffer) -> IngestClientOutcome {
        let bytes = Array(reply.readableBytesView)
        if let counts = try? JSONDecoder().decode(Counts.self, from: Data(bytes)) {
            return .taken(accepted: counts.accepted, rejected: counts.rejected)
        }
        return .refused(status: status)
    }
}
