import BrokerModel
import EmbeddedBroker
import Foundation
import Testing

/// Real clients in processes of their own.
@Suite("Real clients", .serialized)
struct ClientTests {
    /// The interpreter that has confluent-kafka and kafka-python: `.ci/test` makes it.
    static let python = ProcessInfo.processInfo.environment["MILLRACE_PYTHON"]
    static let kcat = ["/usr/bin/kcat", "/usr/local/bin/kcat"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static let openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    /// The binary that was built beside these tests.
    static let binary = [
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent(),
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent(),
    ].map { $0.appendingPathComponent("millrace").path }.first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    struct Output {
        var status: Int32
        var text: String
    }

    /// How many seconds a program may take; one that hangs ends with its children, and its test fails.
    private static let patience = 300

    /// Runs a program to its end.
    static func run(
        _ program: String, _ arguments: [String], input: String = "",
        environment: [String: String] = [:]
    ) throws -> Output {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["--kill-after=10", String(patience), program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        let given = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = given
        try process.run()
        given.fileHandleForWriting.write(Data(input.utf8))
        try given.fileHandleForWriting.close()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus, text: String(decoding: data, as: UTF8.self))
    }

    static func temporaryDirectory() throws -> String {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-broker-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Runs `body` beside a broker in this process.
    static func withBroker(
        _ configure: (inout BrokerConfiguration) -> Void = { _ in },
        _ body: (EmbeddedBroker) throws -> Void
    ) async throws {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var configuration = BrokerConfiguration(dataDirectory: directory)
        configure(&configuration)
        let broker = try await EmbeddedBroker.start(configuration)
        let result = Result { try body(broker) }
        try await broker.stop()
        try result.get()
    }

    private static func script(_ name: String, _ argument: String) throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("clients/\(name).py").path
        let output = try run(
            try #require(python), [path, argument],
            environment: ["MILLRACE_BINARY": binary ?? ""])
        #expect(output.status == 0 && output.text.contains("ok"), "\(name): \(output.text)")
    }

    @Test(
        "librdkafka and kafka-python do what they do against Kafka",
        .enabled(if: python != nil, "MILLRACE_PYTHON is not set; .ci/test makes it"),
        arguments: ["codecs", "groups", "transactions", "admin", "retention"])
    func scripts(name: String) async throws {
        // kafka-python may lead a group before it knows the topic's partitions, and then assigns none.
        try await Self.withBroker({
            $0.groups.initialRebalanceDelay = 300
            $0.maintenanceInterval = 200
        }) {
            try Self.script(name, $0.address)
        }
    }

    @Test(
        "clients go on over kill -9 and restarts",
        .enabled(if: python != nil, "MILLRACE_PYTHON is not set; .ci/test makes it"),
        .enabled(if: binary != nil, "the millrace binary is not built"),
        arguments: ["restart", "kills"])
    func restarts(name: String) throws {
        let directory = try Self.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Self.script(name, directory)
    }

    @Test("kcat produces and consumes", .enabled(if: kcat != nil, "kcat is not installed"))
    func kcatRoundTrip() async throws {
        let kcat = try #require(Self.kcat)
        try await Self.withBroker { broker in
            let lines = (0..<100).map { "k\($0):v\($0)" }.joined(separator: "\n") + "\n"
            let sent = try Self.run(
                kcat, ["-b", broker.address, "-P", "-t", "t", "-K", ":", "-z", "lz4"],
                input: lines)
            #expect(sent.status == 0, "\(sent.text)")
            let read = try Self.run(
                kcat, ["-b", broker.address, "-C", "-t", "t", "-e", "-q", "-K", ":"])
            #expect(read.text == lines)
            let list = try Self.run(kcat, ["-b", broker.address, "-L"])
            #expect(list.text.contains("topic \"t\" with 1 partitions"))
        }
    }

    @Test(
        "a topic is not made for who asks when that is off",
        .enabled(if: kcat != nil, "kcat is not installed"))
    func noAutoCreation() async throws {
        let kcat = try #require(Self.kcat)
        try await Self.withBroker({ $0.autoCreateTopics = false }) { broker in
            let list = try Self.run(kcat, ["-b", broker.address, "-L", "-t", "t"])
            #expect(list.text.contains("Unknown topic"))
        }
    }

    @Test(
        "SASL PLAIN lets in who has the password, and nobody else",
        .enabled(if: kcat != nil, "kcat is not installed"))
    func sasl() async throws {
        let kcat = try #require(Self.kcat)
        func list(_ address: String, _ password: String) throws -> Output {
            try Self.run(
                kcat,
                [
                    "-b", address, "-L", "-m", "3", "-X", "security.protocol=sasl_plaintext",
                    "-X", "sasl.mechanisms=PLAIN", "-X", "sasl.username=ann", "-X",
                    "sasl.password=\(password)",
                ])
        }
        try await Self.withBroker({ $0.users = ["ann": "right"] }) { broker in
            #expect(try list(broker.address, "right").status == 0)
            #expect(try list(broker.address, "wrong").status != 0)
            let without = try Self.run(kcat, ["-b", broker.address, "-L", "-m", "2"])
            #expect(without.status != 0)
        }
    }

    /// Makes a certificate for 127.0.0.1 that signs itself, and its key.
    static func certificate(in directory: String) throws -> BrokerCertificate {
        let (chain, key) = (directory + "/cert.pem", directory + "/key.pem")
        let made = try run(
            try #require(openssl),
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", chain,
                "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=IP:127.0.0.1,DNS:localhost",
            ])
        try #require(made.status == 0, "\(made.text)")
        return BrokerCertificate(chain: chain, privateKey: key)
    }

    @Test(
        "TLS carries whole batches, with SASL inside, and nothing without it",
        .enabled(if: kcat != nil && openssl != nil, "kcat or openssl is not installed"))
    func tls() async throws {
        let kcat = try #require(Self.kcat)
        let directory = try Self.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let certificate = try Self.certificate(in: directory)
        let options = [
            "-X", "security.protocol=sasl_ssl", "-X", "ssl.ca.location=\(certificate.chain)",
            "-X", "sasl.mechanisms=PLAIN", "-X", "sasl.username=ann", "-X", "sasl.password=right",
        ]
        try await Self.withBroker({
            $0.certificate = certificate
            $0.users = ["ann": "right"]
        }) { broker in
            // Above the size from which on files are sent by the kernel when there is no TLS.
            let line = (0..<2_000).map { "\($0)" }.joined(separator: " ")
            let lines = String(repeating: line + "\n", count: 100)
            let sent = try Self.run(
                kcat, ["-b", broker.address, "-P", "-t", "t"] + options, input: lines)
            #expect(sent.status == 0, "\(sent.text)")
            let read = try Self.run(
                kcat, ["-b", broker.address, "-C", "-t", "t", "-e", "-q"] + options)
            #expect(read.text == lines, "\(read.text.prefix(300))")
            let plain = try Self.run(kcat, ["-b", broker.address, "-L", "-m", "2"])
            #expect(plain.status != 0)
        }
    }

    @Test("a second broker is kept away from the directory")
    func lock() async throws {
        let directory = try Self.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let configuration = BrokerConfiguration(dataDirectory: directory)
        let broker = try await EmbeddedBroker.start(configuration)
        await #expect(throws: FileError.self) {
            _ = try await EmbeddedBroker.start(configuration)
        }
        try await broker.stop()
        let next = try await EmbeddedBroker.start(configuration)
        try await next.stop()
    }
}
