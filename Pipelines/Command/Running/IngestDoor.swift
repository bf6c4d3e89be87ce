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
    convenience init(
        _ runner: PipelineRunner, _ services: ServiceEnvironment, clock: any EventClock,
        listen: String, concurrentRequests: Int? = nil
    ) throws {
        try self.init(
            LocationDoor(
                decoder: LocationBatchDecoder(
                    limits: try LocationDoor.limits(parameters: runner.parameters)),
                doors: runner.doors, clock: clock),
            postgres: services.postgres, listen: listen, concurrentRequests: concurrentRequests
        ) { runner.failure == nil }
    }

    /// Prepares a door.
    ///
    /// - Parameter isHealthy: what `GET /healthz` says.
    init(
        _ door: LocationDoor, postgres: PostgresConfiguration?, listen: String,
        concurrentRequests: Int? = nil, isHealthy: @escaping @Sendable () async -> Bool
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
        // A body of the decoder's bound is to reach the decoder, which says why it is too large.
        let bodyBytes = door.decoder.limits.bodyBytes
        configuration.decompressedBytes = max(configuration.decompressedBytes, bodyBytes)
        configuration.heldBodyBytes = max(
            configuration.heldBodyBytes, configuration.decompressedBytes)
        if let concurrentRequests { configuration.concurrentRequests = concurrentRequests }
        var logger = Logger(label: "millrace.http")
        logger.logLevel = .warning
        var routes = [LocationIngestHandler(door: door).route]
        pool = postgres.map { PostgresPool($0) }
        if let pool {
            routes.append(
                UserLocationHandler(PostgresUserLocationStore(pool), logger: logger).route)
        }
        server = try IngestServer(
            configuration, routes: routes, isHealthy: isHealthy, logger: logger)
        group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server)], logger: logger))
    }

    /// The port that the door listens on, once it does.
    var port: Int { get async throws { try await server.port } }

    /// Serves until ``stop()``.
    func run() async throws {
        do {
            try await group.run()
        } catch {
            await pool?.close()
            throw error
        }
        await pool?.close()
    }

    /// Tells the door, which ``run()`` holds open, to stop accepting and let what is under way finish; ``run()``
    /// returns when it has.
    func stop() async {
        // A group that is told to stop before it has begun takes that for a mistake.
        _ = try? await server.port
        await group.triggerGracefulShutdown()
    }
}
