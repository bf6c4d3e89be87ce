internal import Hummingbird
internal import HummingbirdCore
public import Logging
internal import NIOCore
public import Records
public import ServiceLifecycle

/// The HTTP door: takes requests within bounds and answers when their handlers are done.
///
/// Every request is admitted, read and decompressed under ``IngestServerConfiguration``'s limits
/// before a handler sees it, and its connection is kept alive. Errors are JSON,
/// `{"error": {"code": …, "message": …}}`: 400 for what can't be read, 404 and 405 (with `Allow`) by the
/// routes, 408 and 503 when time runs out, 413 and 415 by the limits, 503 with `Retry-After` at
/// a bound. A reply of 202 is as good as its handler: it is sent when the handler has returned.
///
/// Besides the routes there are `GET /healthz` and, with a `metrics` closure, `GET /metrics`, which
/// count towards no bound. As a `Service` the server stops accepting on a graceful shutdown, closes
/// idle connections, lets requests that are under way finish for at most
/// ``IngestServerConfiguration/drainSeconds``, and returns. Payloads are never logged.
public final class IngestServer: Service {
    private let configuration: IngestServerConfiguration
    private let table: RouteTable
    private let logger: Logger
    private let gate: AdmissionGate
    private let counters = IngestCounters()
    private let bound = BoundPort()

    /// Makes a server that listens once it runs.
    ///
    /// - Parameters:
    ///   - configuration: Address and bounds.
    ///   - routes: What is answered; of two routes that take a request the first one does.
    ///   - isHealthy: Whether `GET /healthz` answers 200 or 503.
    ///   - metrics: The text of `GET /metrics`, in Prometheus' format.
    ///   - logger: Takes the server's starts, stops and failures.
    /// - Throws: ``DataflowError`` for settings that make no sense.
    public init(
        _ configuration: IngestServerConfiguration, routes: [HTTPRoute],
        isHealthy: @escaping @Sendable () async -> Bool = { true },
        metrics: (@Sendable () async -> String)? = nil,
        logger: Logger = Logger(label: "millrace.http")
    ) throws(DataflowError) {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        gate = AdmissionGate(
            requests: configuration.concurrentRequests, bytes: configuration.heldBodyBytes)
        var all = routes
        all.append(
            IngestServer.unbounded("/healthz") {
                await isHealthy()
                    ? IngestReply(status: 200, body: Array(#"{"status":"ok"}"#.utf8))
                    : .error(503, code: "unhealthy", message: "the service isn't healthy")
            })
        if let metrics {
            all.append(IngestServer.unbounded("/metrics") { .text(200, await metrics()) })
        }
        table = RouteTable(all)
    }

    /// The port that the server listens on, once it does; the wait begins before ``run()`` or after.
    ///
    /// Throws what kept the server from listening.
    public var port: Int {
        get async throws(DataflowError) { try await bound.wait() }
    }

    /// What the server did so far.
    public var statistics: IngestStatistics {
        var statistics = counters.snapshot
        statistics.inFlight = gate.requests
        return statistics
    }

    /// Listens and serves until a graceful shutdown is done or the task is cancelled; once.
    ///
    /// - Throws: ``DataflowError`` when the server can't listen.
    public func run() async throws {
        defer { bound.tell(.failure(IngestServer.unavailable("it has stopped"))) }
        let application = Application(
            responder: RequestResponder(
                configuration: configuration, table: table,
                reader: BodyReader(configuration: configuration), gate: gate,
                counters: counters),
            server: .http1(configuration: channelConfiguration),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.address, port: configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.connections, logger: logger)),
            onServerRunning: { [bound] channel in
                bound.tell(.success(channel.localAddress?.port ?? 0))
            },
            logger: logger)
        let drain = Duration.seconds(configuration.drainSeconds)
        try await withThrowingTaskGroup(of: Bool.self) { [logger, configuration] group in
            group.addTask {
                do {
                    try await application.run()
                } catch is CancellationError {
                    return true
                } catch {
                    let place = "\(configuration.address):\(configuration.port)"
                    throw IngestServer.unavailable("it can't serve \(place): \(error)")
                }
                return true
            }
            group.addTask {
                do {
                    try await gracefulShutdown()
                    try await Task.sleep(for: drain)
                } catch { return true }
                return false
            }
            let isDone = try await group.next() ?? true
            if !isDone {
                logger.warning("requests were still under way at the end of the shutdown")
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private var channelConfiguration: HTTP1Channel.Configuration {
        let bodyLimit = configuration.bodyBytes
        return HTTP1Channel.Configuration(
            additionalChannelHandlers: [ContinueHandler(bodyLimit: bodyLimit)],
            idleTimeout: .seconds(configuration.idleSeconds),
            httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                maxHeaderFieldSize: configuration.headBytes,
                maxHeaderListSize: configuration.headBytes, maxHeaderFieldCount: 200))
    }

    private static func unbounded(
        _ path: String, _ reply: @escaping @Sendable () async -> IngestReply
    ) -> HTTPRoute {
        var route = HTTPRoute.get(path) { _ in await reply() }
        route.isBounded = false
        return route
    }

    private static func unavailable(_ what: String) -> DataflowError {
        DataflowError(
            DataflowError.Code(rawValue: "http-unavailable"), domain: .external,
            retry: .backoff, "HTTP server: \(what)")
    }
}
