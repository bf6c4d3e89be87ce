internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// A Kafka broker in this process: one node, real files, a real port.
///
/// It speaks Kafka's protocol to any client; see `docs/broker.md` for the APIs and versions. It is
/// made for development and tests: nothing is replicated.
///
/// ```swift
/// let broker = try await EmbeddedBroker.start(
///     BrokerConfiguration(dataDirectory: directory), port: 0)
/// defer { try await broker.stop() }
/// // bootstrap.servers = broker.address
/// ```
package final class EmbeddedBroker: Sendable {
    /// The port that clients connect to.
    package let port: Int
    /// The host that the broker listens on.
    package let host: String
    private let server: BrokerServer
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let lock: Int32
    private let isStopped = Mutex(false)

    /// `host:port`, as clients want it.
    package var address: String { "\(host):\(port)" }

    private init(
        host: String, port: Int, server: BrokerServer, channel: any Channel,
        group: MultiThreadedEventLoopGroup, lock: Int32
    ) {
        self.host = host
        self.port = port
        self.server = server
        self.channel = channel
        self.group = group
        self.lock = lock
    }

    /// Opens the data directory, recovers what is in it and listens.
    ///
    /// - Parameters:
    ///   - port: 0 for a free one.
    ///   - advertisedHost: what clients are told to connect to; the address they came to if nil.
    ///   - log: takes one line for what an operator should know; no payloads, no secrets.
    /// - Throws: ``FileError`` when the directory can't be used or another broker has it, an
    ///   `IOError` when the port is taken, and a `NIOSSLError` for certificates that can't be used.
    package static func start(
        _ configuration: BrokerConfiguration, host: String = "127.0.0.1", port: Int = 0,
        advertisedHost: String? = nil, log: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> EmbeddedBroker {
        try await prepare(
            configuration, host: host, port: port, advertisedHost: advertisedHost, log: log
        ).get()
    }

    /// Starts a broker as ``start(_:host:port:advertisedHost:log:)`` does and blocks until it
    /// listens: for callers outside of Swift concurrency.
    package static func startAndWait(
        _ configuration: BrokerConfiguration, host: String = "127.0.0.1", port: Int = 0,
        advertisedHost: String? = nil, log: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> EmbeddedBroker {
        try prepare(configuration, host: host, port: port, advertisedHost: advertisedHost, log: log)
            .wait()
    }

    private static func prepare(
        _ configuration: BrokerConfiguration, host: String, port: Int, advertisedHost: String?,
        log: @escaping @Sendable (String) -> Void
    ) throws -> EventLoopFuture<EmbeddedBroker> {
        let tls = try configuration.certificate?.context()
        let lock = try lock(configuration.dataDirectory)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let opened = loop.submit {
            let engine = try BrokerEngine(
                configuration: configuration, files: PosixFileLayer(), now: BrokerServer.now)
            return BrokerServer(engine: engine, loop: loop, logger: log)
        }
        let listening = opened.flatMap { server in
            listen(
                server, group: group, tls: tls, host: host, port: port,
                advertisedHost: advertisedHost
            ).map { channel in
                server.begin()
                return EmbeddedBroker(
                    host: host, port: channel.localAddress?.port ?? port, server: server,
                    channel: channel, group: group, lock: lock)
            }
        }
        listening.whenFailure { _ in
            close(lock)
            group.shutdownGracefully { _ in }
        }
        return listening
    }

    private static func listen(
        _ server: BrokerServer, group: MultiThreadedEventLoopGroup, tls: NIOSSLContext?,
        host: String, port: Int, advertisedHost: String?
    ) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 4 << 10, initial: 64 << 10, maximum: 1 << 20)
            )
            .childChannelOption(
                .writeBufferWaterMark, value: .init(low: 1 << 20, high: 8 << 20)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let local = channel.localAddress
                    let handler = server.accept(
                        peer: channel.remoteAddress?.ipAddress ?? "unknown",
                        host: advertisedHost ?? local?.ipAddress ?? host,
                        port: Int32(clamping: local?.port ?? port), sendsRegions: tls == nil)
                    // The kernel can't encrypt what it sends from a file.
                    if let tls {
                        let handler = NIOSSLServerHandler(context: tls)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: host, port: port)
    }

    /// Keeps a second broker away from the directory.
    private static func lock(_ directory: String) throws(FileError) -> Int32 {
        try PosixFileLayer().createDirectory(directory, durable: true)
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError("open", path, number: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(descriptor)
            throw FileError("lock", path, number: number)
        }
        return descriptor
    }

    /// Stops listening, closes all connections and makes everything durable.
    package func stop() async throws {
        let isFirst = isStopped.withLock { stopped in
            defer { stopped = true }
            return !stopped
        }
        guard isFirst else { return }
        try? await channel.close()
        let server = server
        let result: Result<Void, any Error> = try await channel.eventLoop.submit {
            Result { try server.stop() }
        }.get()
        try? await group.shutdownGracefully()
        close(lock)
        try result.get()
    }
}
