internal import LocationIngest
internal import Logging
internal import PostgresClient
internal import Records
internal import ServiceLifecycle
internal import Serving

/// The HTTP door of location-ingest: batches in, the positions of a user out.
final class IngestDoor: Sendable {
    private let server: IngestServer
    private let group: ServiceGroup
    private let pool: PostgresPool?

    /// Prepares the door of a running pipeline.
    ///
    /// - Parameter listen: `host:port`; port 0 takes a free one.
    init(
        _ runner: PipelineRunner, _ services: ServiceEnvironment, clock: any EventClock,
        listen: String, concurrentRequests: Int? = nil
    ) throws {
        guard let colon = listen.lastIndex(of: ":"),
            let port = Int(listen[listen.index(after: colon)...])
        else {
            throw DataflowError(
                .invalidConfiguration, domain: .user, "--listen takes host:port")
        }
        var configuration = IngestServerConfiguration()
        configuration.address = String(listen[..<colon])
        configuration.port = port
        if let concurrentRequests { configuration.concurrentRequests = concurrentRequests }
        var logger = Logger(label: "millrace.http")
        logger.logLevel = .warning
        var routes = [
            LocationIngestHandler(
                door: LocationDoor(
                    decoder: LocationBatchDecoder(), doors: runner.doors, clock: clock)
            ).route
        ]
        pool = services.postgres.map { PostgresPool($0) }
        if let pool {
            routes.append(
                UserLocationHandler(PostgresUserLocationStore(pool), logger: logger).route)
        }
        server = try IngestServer(
            configuration, routes: routes, isHealthy: { runner.failure == nil }, logger: logger)
        group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server)], logger: logger))
    }

    /// The port that the door listens on, once it does.
    var port: Int { get async throws { try await server.port } }

    /// Serves until ``stop()``.
    func run() async throws {
        try await group.run()
        await pool?.close()
    }

    /// Stops accepting and lets what is under way finish.
    func stop() async { await group.triggerGracefulShutdown() }
}
