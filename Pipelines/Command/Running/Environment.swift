internal import Foundation
internal import KafkaClient
internal import PostgresClient
internal import Records

/// Where Kafka and PostgreSQL are, from the environment and a file of client properties.
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
    /// `security.protocol`); secrets are named as `env:NAME` or `file:PATH`.
    static func current() throws -> ServiceEnvironment {
        let environment = ProcessInfo.processInfo.environment
        guard let servers = environment["KAFKA_BOOTSTRAP_SERVERS"], !servers.isEmpty else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "KAFKA_BOOTSTRAP_SERVERS is not set: name the brokers, or start one with "
                    + "`millrace dev broker`")
        }
        var properties: [String: String] = [:]
        for (name, value) in environment
        where name.hasPrefix("KAFKA_") && name != "KAFKA_BOOTSTRAP_SERVERS" {
            let property = name.dropFirst(6).lowercased().replacingOccurrences(of: "_", with: ".")
            properties[property] = value
        }
        return ServiceEnvironment(
            kafka: try KafkaConfiguration(bootstrapServers: servers, properties: properties),
            postgres: environment["DATABASE_URL"] == nil
                ? nil : try PostgresConfiguration(environment: environment))
    }
}
