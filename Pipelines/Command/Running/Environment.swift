internal import Foundation
internal import KafkaClient
internal import PostgresClient
internal import Records

/// Where Kafka and PostgreSQL are, by the environment.
struct ServiceEnvironment: Sendable {
    /// How to reach Kafka.
    let kafka: KafkaConfiguration
    /// How to reach PostgreSQL; nil when nobody said.
    let postgres: PostgresConfiguration?

    /// Takes what was found elsewhere.
    init(kafka: KafkaConfiguration, postgres: PostgresConfiguration?) {
        self.kafka = kafka
        self.postgres = postgres
    }

    /// Reads `KAFKA_BOOTSTRAP_SERVERS` and `DATABASE_URL`.
    ///
    /// Any property of librdkafka is taken from a variable `KAFKA_…` (`KAFKA_SECURITY_PROTOCOL` is
    /// `security.protocol`); secrets are named as `env:NAME` or `file:PATH`. Other variables that begin so
    /// (`KAFKA_HOME`, Kubernetes' `KAFKA_PORT`) are somebody else's.
    ///
    /// - Parameter warn: takes a sentence about the variables that were ignored.
    static func current(
        _ environment: [String: String] = ProcessInfo.processInfo.environment,
        warn: (String) -> Void = { FileHandle.standardError.write(Data("\($0)\n".utf8)) }
    ) throws -> ServiceEnvironment {
        guard let servers = environment["KAFKA_BOOTSTRAP_SERVERS"], !servers.isEmpty else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "KAFKA_BOOTSTRAP_SERVERS is not set: name the brokers, or start one with "
                    + "`millrace dev broker`")
        }
        return ServiceEnvironment(
            kafka: try kafka(servers, environment, warn), postgres: try postgres(environment))
    }

    /// The database of `DATABASE_URL`; nil when it names none.
    static func postgres(_ environment: [String: String]) throws -> PostgresConfiguration? {
        (environment["DATABASE_URL"] ?? "").isEmpty
            ? nil : try PostgresConfiguration(environment: environment)
    }

    private static func kafka(
        _ servers: String, _ environment: [String: String], _ warn: (String) -> Void
    ) throws -> KafkaConfiguration {
        var properties: [String: String] = [:]
        var ignored: [String] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix("KAFKA_") && name != "KAFKA_BOOTSTRAP_SERVERS" {
            if let property = property(of: name) {
                properties[property] = value
            } else {
                ignored.append(name)
            }
        }
        if !ignored.isEmpty {
            warn("ignored, as librdkafka has no such property: \(ignored.joined(separator: ", "))")
        }
        return try KafkaConfiguration(bootstrapServers: servers, properties: properties)
    }

    /// librdkafka's property for a variable `KAFKA_…`; a few properties have an underscore of their own.
    private static func property(of variable: String) -> String? {
        let words = variable.dropFirst(6).lowercased()
        return [words.replacingOccurrences(of: "_", with: "."), words]
            .first(where: KafkaConfiguration.isProperty)
    }
}
