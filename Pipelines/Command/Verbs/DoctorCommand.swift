internal import ArgumentParser
internal import Foundation
internal import KafkaClient
internal import PostgresClient
internal import Records

/// `millrace doctor`: what this machine has, and whether the services answer.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Print clients, threads and memory in use, and try the services.")

    func run() throws {
        print(ClientStatistics.current())
        let environment = ProcessInfo.processInfo.environment
        report("Kafka", environment["KAFKA_BOOTSTRAP_SERVERS"] != nil) {
            "\(try ClusterTopics.read().count) topics"
        }
        report("PostgreSQL", environment["DATABASE_URL"] != nil) {
            let connection = try PostgresConnection(
                try PostgresConfiguration(environment: environment))
            defer { connection.close() }
            let result = try connection.query("SHOW server_version", [])
            return try result.first?.value(0, as: String.self) ?? "no answer"
        }
        print("with these clients open:")
        print(ClientStatistics.current())
    }

    private func report(_ name: String, _ isNamed: Bool, _ probe: () throws -> String) {
        guard isNamed else { return print("\(name): not configured") }
        do {
            print("\(name): \(try probe())")
        } catch {
            print("\(name): \(error)")
        }
    }
}
