internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Synchronization

/// Asks an S3-compatible service, and asks again where that may help: a few times, with growing pauses.
///
/// Callers block; it may be used on many threads at once.
final class S3Client: Sendable {
    /// An answer that is final.
    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    /// How often a request is sent.
    static let maximumAttempts = 5
    /// The first pause before it is sent again; doubled each time.
    static let firstPauseMilliseconds = 50
    /// How long to wait for a connection.
    static let connectSeconds: Int64 = 3
    /// How long an answer may take, beside a second for each ``bytesPerSecond`` of the blob.
    static let answerSeconds: Int64 = 10
    /// How much longer an answer may take that brings a blob, whose size nobody knows beforehand.
    static let blobSeconds: Int64 = 120
    /// The slowest transfer that is waited for.
    static let bytesPerSecond = 4 << 20
    /// The largest answer that is read, in bytes.
    static let maximumAnswerBytes = 2 << 30

    private let location: S3Location
    private let environment: @Sendable () throws -> S3Credentials
    private let credentials: Mutex<S3Credentials>
    private let client: HTTPClient
    private let now: @Sendable () -> EventTime
    private let pause: @Sendable (_ milliseconds: Int) -> Void
    private let random: Mutex<SeededGenerator>

    /// Makes a client; no connection is made yet.
    ///
    /// - Parameters:
    ///   - credentials: read once now, and again when the service finds them expired.
    ///   - pause: waits between two attempts.
    init(
        _ location: S3Location, credentials: @escaping @Sendable () throws -> S3Credentials,
        now: @escaping @Sendable () -> EventTime, pause: @escaping @Sendable (Int) -> Void
    ) throws {
        self.location = location
        environment = credentials
        self.credentials = Mutex(try credentials())
        self.now = now
        self.pause = pause
        random = Mutex(SeededGenerator(seed: UInt64.random(in: .min ... .max)))
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.timeout.connect = .seconds(S3Client.connectSeconds)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    deinit { try? client.syncShutdown() }

    /// Sends a request until its answer is final.
    ///
    /// - Parameters:
    ///   - key: the object; nil: the bucket itself.
    ///   - expected: the statuses that the caller understands.
    /// - Throws: `.storeUnavailable`, with retry `.backoff` when the service couldn't be asked.
    func send(
        _ method: String, key: String?, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8] = [], expected: Set<Int>
    ) throws -> Answer {
        let base = location.base
        let path = key.map { "\(base.path)/\($0)" } ?? (base.path.isEmpty ? "/" : base.path)
        let request = S3Signature.Request(
            method: method, path: path, query: query, headers: [("host", base.host)] + headers,
            body: body)
        var last: DataflowError?
        for attempt in 0..<S3Client.maximumAttempts {
            if attempt > 0 { rest(behind: attempt) }
            do {
                let answer = try once(request, origin: base.origin)
                if expected.contains(answer.status) { return answer }
                let error = refusal(answer, path)
                guard error.retry == .backoff else { throw error }
                last = error
            } catch let error where !(error is DataflowError) {
                last = DataflowError(
                    .storeUnavailable, domain: .external, retry: .backoff,
                    "\(location) can't be asked: \(S3Client.describe(error))")
            }
        }
        throw last
            ?? DataflowError(.invariant, domain: .internal, "a request was never sent")
    }

    private func rest(behind attempt: Int) {
        let ceiling = S3Client.firstPauseMilliseconds << attempt
        pause(ceiling / 2 + Int(random.withLock { $0.unit() } * Double(ceiling / 2)))
    }

    private func once(_ request: S3Signature.Request, origin: String) throws -> Answer {
        let signature = S3Signature(
            credentials: credentials.withLock { $0 }, region: location.region)
        let headers = signature.headers(of: request, at: now()).filter { $0.name != "host" }
        let query = S3Signature.query(request.query)
        let sent = try HTTPClient.Request(
            url: origin + request.path + (query.isEmpty ? "" : "?\(query)"),
            method: HTTPMethod(rawValue: request.method),
            headers: HTTPHeaders(headers.map { ($0.name, $0.value) }),
            body: request.body.isEmpty ? nil : .byteBuffer(ByteBuffer(bytes: request.body)))
        let seconds =
            S3Client.answerSeconds + Int64(request.body.count / S3Client.bytesPerSecond)
        let reading = request.method == "GET" ? S3Client.blobSeconds : 0
        let answer = try client.execute(
            request: sent,
            delegate: ResponseAccumulator(
                request: sent, maxBodySize: S3Client.maximumAnswerBytes),
            deadline: .now() + .seconds(seconds + reading)
        ).wait()
        return Answer(
            status: Int(answer.status.code),
            body: answer.body.map { Array($0.readableBytesView) } ?? [])
    }

    /// What an answer means that the caller doesn't expect.
    private func refusal(_ answer: Answer, _ path: String) -> DataflowError {
        let code = S3Listing(answer.body)?.errorCode ?? ""
        let text = "\(location) answered \(answer.status)\(code.isEmpty ? "" : " \(code)")"
        // 409: another PUT of the name is under way.
        let isPassing =
            answer.status >= 500 || [408, 409, 429].contains(answer.status)
            || ["RequestTimeout", "SlowDown"].contains(code)
        let isExpired = ["ExpiredToken", "InvalidToken"].contains(code)
        // Whoever rotates them may be late, and another thread may have read the new ones already.
        if isExpired { renewCredentials() }
        if isPassing || isExpired {
            return DataflowError(
                .storeUnavailable, domain: .external, retry: .backoff, "\(text) for \(path)")
        }
        return DataflowError(.storeUnavailable, domain: .user, "\(text) for \(path)")
    }

    /// Reads the credentials again.
    private func renewCredentials() {
        guard let found = try? environment() else { return }
        credentials.withLock { $0 = found }
    }

    /// An error's words; those of the client never hold a header.
    private static func describe(_ error: any Error) -> String {
        (error as? HTTPClientError)?.description ?? "\(error)"
    }
}
