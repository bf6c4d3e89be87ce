internal import CRdKafka
internal import Records

/// How to reach a Kafka cluster: its bootstrap servers and any property of librdkafka.
///
/// Property names are librdkafka's (`security.protocol`, `ssl.ca.location`, `linger.ms`, …).
/// A secret is named, not given: `sasl.password` is `env:NAME` (an environment variable) or
/// `file:PATH` (the file's first line; a PEM property takes the whole file). Secrets are looked up
/// when a client is made, so that a configuration can be validated where they are not at hand.
package struct KafkaConfiguration: Sendable {
    /// `host:port`, separated by commas.
    package let bootstrapServers: String
    /// librdkafka properties, secrets as references.
    package let properties: [String: String]
    /// Receives librdkafka's log lines (syslog level, text) on any thread; nil drops them.
    package var log: (@Sendable (_ level: Int, _ line: String) -> Void)?

    /// Checks and keeps a configuration; connects to nothing.
    ///
    /// - Parameter properties: librdkafka's names; the prefix `kafka.` is allowed.
    /// - Throws: `.invalidConfiguration` that names the property.
    package init(
        bootstrapServers: String, properties: [String: String] = [:],
        log: (@Sendable (Int, String) -> Void)? = nil
    ) throws {
        guard bootstrapServers.utf8.contains(where: { $0 != UInt8(ascii: " ") }) else {
            throw Self.invalid("bootstrap.servers", "must name at least one host:port")
        }
        var plain: [String: String] = [:]
        for (given, value) in properties.sorted(by: { $0.key < $1.key }) {
            let name = given.hasPrefix("kafka.") ? String(given.dropFirst(6)) : given
            if let reason = Self.reserved[name] { throw Self.invalid(name, reason) }
            guard plain.updateValue(value, forKey: name) == nil else {
                throw Self.invalid(name, "is given twice")
            }
        }
        self.bootstrapServers = bootstrapServers
        self.properties = plain
        self.log = log
        try validate()
    }

    /// What the client decides by itself, with the reason that a refusal prints.
    private static let reserved: [String: String] = {
        var reasons: [String: String] = [:]
        for name in [
            "enable.auto.commit", "enable.auto.offset.store", "enable.partition.eof",
            "auto.offset.reset", "go.events.channel.enable",
        ] { reasons[name] = "is fixed: offsets are committed with the state they belong to" }
        for name in ["bootstrap.servers", "metadata.broker.list"] {
            reasons[name] = "is given as the bootstrap servers, not as a property"
        }
        for name in [
            "group.id", "transactional.id", "isolation.level", "partition.assignment.strategy",
        ] { reasons[name] = "is set for each stage" }
        for name in [
            "enable.idempotence", "acks", "request.required.acks", "enable.gapless.guarantee",
            "max.in.flight", "max.in.flight.requests.per.connection",
        ] {
            reasons[name] =
                "is fixed: what is acknowledged is in every replica that is in sync, once and in order"
        }
        reasons["group.instance.id"] =
            "is not used: each worker thread is a member of its own, and two of one name would fence each other"
        reasons["transaction.timeout.ms"] =
            "follows from --commit-interval: twice that and five seconds, and ten seconds at least"
        for name in ["partitioner", "partitioner_cb"] {
            reasons[name] = "is fixed to murmur2_random: equal keys must meet"
        }
        return reasons
    }()

    /// Whether librdkafka knows a property of this name.
    package static func isProperty(_ name: String) -> Bool {
        let conf = rd_kafka_conf_new()
        defer { rd_kafka_conf_destroy(conf) }
        // Asking for its value doesn't tell: one that has none passes for one that isn't known.
        var text = [CChar](repeating: 0, count: 512)
        return rd_kafka_conf_set(conf, name, "1", &text, text.count) != RD_KAFKA_CONF_UNKNOWN
    }

    private func validate() throws {
        let conf = rd_kafka_conf_new()
        defer { rd_kafka_conf_destroy(conf) }
        try Self.set(conf, "bootstrap.servers", bootstrapServers)
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            if SecretReference.isSecret(name) {
                _ = try SecretReference(property: name, text: value)
                // Only whether there is such a property: its value is not looked up here.
                var text = [CChar](repeating: 0, count: 512)
                let result = rd_kafka_conf_set(conf, name, "placeholder", &text, text.count)
                guard result != RD_KAFKA_CONF_UNKNOWN else {
                    throw Self.invalid(name, "is no property of librdkafka")
                }
            } else {
                try Self.set(conf, name, value)
            }
        }
    }

    /// A configuration object of librdkafka, secrets filled in; the caller owns it.
    func makeConf(_ overrides: [(String, String)]) throws -> OpaquePointer? {
        let conf = rd_kafka_conf_new()
        do {
            // The caller's defaults first, what the user said over them; fixed ones are reserved.
            for (name, value) in overrides { try Self.set(conf, name, value) }
            try Self.set(conf, "bootstrap.servers", bootstrapServers)
            for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
                if SecretReference.isSecret(name) {
                    let secret = try SecretReference(property: name, text: value).resolve()
                    try Self.set(conf, name, secret)
                } else {
                    try Self.set(conf, name, value)
                }
            }
            return conf
        } catch {
            rd_kafka_conf_destroy(conf)
            throw error
        }
    }

    private static func set(_ conf: OpaquePointer?, _ name: String, _ value: String) throws {
        var text = [CChar](repeating: 0, count: 512)
        let result = rd_kafka_conf_set(conf, name, value, &text, text.count)
        switch result {
        case RD_KAFKA_CONF_OK: return
        case RD_KAFKA_CONF_UNKNOWN: throw invalid(name, "is no property of librdkafka")
        default:
            // librdkafka's sentence may repeat the value.
            let reason = SecretReference.isSecret(name) ? "is not accepted" : string(text)
            throw invalid(name, reason)
        }
    }

    static func invalid(_ property: String, _ reason: String) -> DataflowError {
        DataflowError(
            .invalidConfiguration, domain: .user, "kafka property '\(property)' \(reason)")
    }
}

extension KafkaConfiguration: CustomStringConvertible, CustomReflectable {
    /// The servers and the properties, secrets hidden.
    package var description: String {
        let list = properties.sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(SecretReference.isSecret(name) ? "<hidden>" : value)"
        }
        return "kafka(\(([bootstrapServers] + list).joined(separator: " ")))"
    }

    /// Shows the description only, so that no dump prints more than it.
    package var customMirror: Mirror {
        Mirror(self, children: ["configuration": description])
    }
}
