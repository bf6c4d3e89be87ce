internal import ArgumentParser
internal import BrokerModel
internal import EmbeddedBroker
internal import Foundation

/// `millrace dev broker`: a Kafka broker in one process.
struct DevBrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Run a single-node Kafka broker for development and tests.",
        discussion: """
            Any Kafka client may connect. Nothing is replicated: in production, use Apache Kafka.
            """)

    @Option(help: "The directory that holds topics, groups and transactions.")
    var data = ".millrace/broker"

    @Option(help: "The address to listen on, host:port; port 0 takes a free one.")
    var listen = "127.0.0.1:9092"

    @Option(help: "The host that clients are told to connect to; the one they came to by default.")
    var advertise: String?

    @Option(help: "When records are made durable: ack (before acks=all), os, or every so many ms.")
    var flush = "1000"

    @Option(help: "The partitions of a topic for which nobody says how many.")
    var partitions: Int32 = 1

    @Flag(inversion: .prefixedNo, help: "Make a topic when a client asks for it.")
    var autoCreate = true

    @Option(help: "How long a new group waits for more members, in ms.")
    var initialRebalanceDelay: Int64 = 0

    @Option(help: "How often retention and compaction are looked at, in ms.")
    var maintenanceInterval: Int64 = 30_000

    @Option(
        name: .customLong("user"),
        help: "A file with a line user:password for each client that may connect (SASL PLAIN).")
    var users: String?

    @Option(help: "The broker's certificate chain in PEM: clients must connect by TLS.")
    var tlsCertificate: String?

    @Option(help: "The private key of the certificate in PEM.")
    var tlsKey: String?

    @Option(help: "Who signs the clients' certificates, in PEM; without it clients need none.")
    var tlsClientAuthorities: String?

    @Flag(
        help:
            "Stop, too, when standard input is closed: for a broker that must not outlive its parent."
    )
    var untilStdinCloses = false

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together")
        }
        guard tlsClientAuthorities == nil || tlsCertificate != nil else {
            throw ValidationError("--tls-client-authorities needs --tls-certificate")
        }
        guard FlushPolicy(flush) != nil else {
            throw ValidationError("--flush takes ack, os or a number of milliseconds above 0")
        }
        guard partitions > 0 else { throw ValidationError("--partitions takes at least 1") }
        guard maintenanceInterval > 0 else {
            throw ValidationError("--maintenance-interval takes a number of milliseconds above 0")
        }
        _ = try address()
    }

    private func address() throws -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":"),
            let port = Int(listen[listen.index(after: colon)...]), (0...65_535).contains(port)
        else { throw ValidationError("--listen takes host:port") }
        let host = String(listen[..<colon])
        return (host.isEmpty ? "127.0.0.1" : host, port)
    }

    func run() async throws {
        let directory = URL(fileURLWithPath: data).standardizedFileURL.path
        var configuration = BrokerConfiguration(dataDirectory: directory)
        configuration.autoCreateTopics = autoCreate
        configuration.defaultPartitions = partitions
        configuration.groups.initialRebalanceDelay = initialRebalanceDelay
        configuration.maintenanceInterval = maintenanceInterval
        if let policy = FlushPolicy(flush) { configuration.flush = policy }
        if let users {
            for line in try String(contentsOfFile: users, encoding: .utf8).split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else {
                    throw ValidationError("\(users): every line takes user:password")
                }
                configuration.users[String(parts[0])] = String(parts[1])
            }
        }
        if let tlsCertificate, let tlsKey {
            configuration.certificate = BrokerCertificate(
                chain: tlsCertificate, privateKey: tlsKey, clientAuthorities: tlsClientAuthorities)
        }
        let (host, port) = try address()
        let log: @Sendable (String) -> Void = { line in
            FileHandle.standardError.write(Data("broker: \(line)\n".utf8))
        }
        let signals = StopSignals()
        if untilStdinCloses { signals.followStandardInput() }
        let broker = try await EmbeddedBroker.start(
            configuration, host: host, port: port, advertisedHost: advertise, log: log)
        log("listening on \(broker.address), data in \(directory), flush=\(flush)")
        await signals.wait()
        try await broker.stop()
        log("stopped")
    }
}
