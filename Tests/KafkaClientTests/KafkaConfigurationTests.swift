import Foundation
import KafkaClient
import Records
import Testing

@Suite("Kafka client: configuration")
struct KafkaConfigurationTests {
    private func refusal(_ properties: [String: String]) -> DataflowError? {
        do {
            _ = try KafkaConfiguration(bootstrapServers: "localhost:9092", properties: properties)
            return nil
        } catch {
            return error as? DataflowError
        }
    }

    @Test("librdkafka's properties pass through, with the prefix or without")
    func passThrough() throws {
        let configuration = try KafkaConfiguration(
            bootstrapServers: "a:1,b:2",
            properties: [
                "kafka.security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": "millrace", "fetch.wait.max.ms": "50",
            ])
        #expect(configuration.properties["security.protocol"] == "SASL_SSL")
        #expect(configuration.description.contains("fetch.wait.max.ms=50"))
    }

    @Test(
        "a refusal names the property",
        arguments: [
            ("no.such.property", "1"), ("fetch.wait.max.ms", "soon"), ("linger.ms", "-7"),
            ("enable.auto.commit", "true"), ("group.id", "mine"), ("transactional.id", "mine"),
            ("partitioner", "random"), ("bootstrap.servers", "b:1"), ("dr_cb", "x"),
            ("kafka.kafka.acks", "1"), ("sasl.password", ""), ("ssl.key.password", "env:"),
            ("no.such.password", "env:X"), ("enable.idempotence", "false"), ("acks", "1"),
            ("request.required.acks", "1"), ("group.instance.id", "a"),
            ("transaction.timeout.ms", "900000"), ("max.in.flight", "1"),
            ("max.in.flight.requests.per.connection", "1"), ("enable.gapless.guarantee", "true"),
        ])
    func refused(name: String, value: String) throws {
        let error = try #require(refusal([name: value]))
        #expect(error.code == .invalidConfiguration && error.domain == .user)
        let bare = name.hasPrefix("kafka.") ? String(name.dropFirst(6)) : name
        #expect(error.message.contains("'\(bare)'"), "\(error)")
    }

    @Test("servers must be named, and a property only once")
    func servers() {
        #expect(throws: DataflowError.self) { try KafkaConfiguration(bootstrapServers: " ") }
        #expect(
            refusal(["linger.ms": "1", "kafka.linger.ms": "1"])?.message.contains("twice") == true)
    }

    @Test(
        "a secret in plain sight is refused and not repeated",
        arguments: ["sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password"])
    func literalSecret(name: String) throws {
        let error = try #require(refusal([name: "tr0ub4dor"]))
        #expect(error.message.contains(name) && !"\(error)".contains("tr0ub4dor"))
    }

    @Test("secrets are read when a client is made, and never printed")
    func secrets() throws {
        let path = NSTemporaryDirectory() + "millrace-secret-\(UInt64.random(in: 0 ... .max))"
        try Data("tr0ub4dor\nsecond line\n".utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let base = [
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "u",
        ]
        let configuration = try KafkaConfiguration(
            bootstrapServers: "127.0.0.1:9",
            properties: base.merging(["sasl.password": "file:\(path)"]) { a, _ in a })
        try KafkaWriter(configuration).close()
        for text in ["\(configuration)", String(reflecting: configuration)] {
            #expect(text.contains("sasl.password=<hidden>") && !text.contains(path))
        }
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("tr0ub4dor") && !dumped.contains(path))
    }

    @Test(
        "a secret that can't be found is named by where it was looked for",
        arguments: ["env:MILLRACE_NO_SUCH_VARIABLE", "file:/no/such/file"])
    func missingSecret(reference: String) throws {
        let configuration = try KafkaConfiguration(
            bootstrapServers: "127.0.0.1:9", properties: ["sasl.password": reference])
        let error = #expect(throws: DataflowError.self) { try KafkaWriter(configuration) }
        let place = String(reference.drop { $0 != ":" }.dropFirst())
        #expect(error?.message.contains("sasl.password") == true)
        #expect(error?.message.contains(place) == true)
    }

    @Test("statistics count clients, threads and memory")
    func statistics() throws {
        let configuration = try KafkaConfiguration(bootstrapServers: "127.0.0.1:9")
        let writer = try KafkaWriter(configuration)
        let reader = try KafkaReader(configuration, KafkaReaderOptions(.byHand()))
        let open = ClientStatistics.current()
        #expect(open.producers >= 1 && open.consumers >= 1)
        #expect(open.threads > 4 && open.residentBytes > 1_000_000)
        #expect(open.libraryVersion.contains("."))
        #expect(open.libraryFeatures.contains("ssl"))
        writer.close()
        reader.close()
        #expect(throws: DataflowError.self) { try writer.partitionCount(of: "t") }
        #expect(throws: DataflowError.self) { try reader.poll() }
        #expect(writer.poll().isEmpty)
        writer.close()
        reader.close()
    }
}
