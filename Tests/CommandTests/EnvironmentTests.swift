import KafkaClient
import PostgresClient
import Records
import Testing

@testable import Command

@Suite("Kafka and PostgreSQL by the environment")
struct EnvironmentTests {
    @Test("what librdkafka knows is taken, what others set is ignored with a word")
    func variables() throws {
        var warnings: [String] = []
        let services = try ServiceEnvironment.current(
            [
                "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "KAFKA_SASL_USERNAME": "u", "KAFKA_HOME": "/opt/kafka",
                "KAFKA_PORT": "tcp://10.0.0.1:9092", "KAFKA_SERVICE_HOST": "10.0.0.1",
            ], warn: { warnings.append($0) })
        #expect(
            services.kafka.properties == ["security.protocol": "SASL_SSL", "sasl.username": "u"])
        #expect(services.postgres == nil)
        #expect(warnings.count == 1)
        #expect(
            warnings.first?.hasSuffix("KAFKA_HOME, KAFKA_PORT, KAFKA_SERVICE_HOST") == true,
            "\(warnings)")
    }

    @Test("a variable that is empty is one that is not set")
    func empty() throws {
        #expect(try ServiceEnvironment.postgres(["DATABASE_URL": ""]) == nil)
        #expect(throws: DataflowError.self) {
            try ServiceEnvironment.current(["KAFKA_BOOTSTRAP_SERVERS": ""], warn: { _ in })
        }
    }

    @Test("a property of librdkafka with a value that it does not take still stops")
    func badValue() {
        #expect(throws: DataflowError.self) {
            try ServiceEnvironment.current(
                ["KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "KAFKA_SECURITY_PROTOCOL": "mail"],
                warn: { _ in })
        }
    }

    @Test("doctor is not well when a service that is configured doesn't answer")
    func doctor() {
        var lines: [String] = []
        #expect(DoctorCommand.examine([:]) { lines.append($0) })
        #expect(
            !DoctorCommand.examine(["DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"]) {
                lines.append($0)
            })
        #expect(lines.contains { $0.hasPrefix("PostgreSQL: ") && !$0.contains("not configured") })
    }
}
