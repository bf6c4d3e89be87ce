internal import ArgumentParser
internal import Foundation
internal import KafkaClient
internal import PostgresClient
internal import Records

/// `millrace doctor`: what this machine has, and whether the services answer.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Print clients, threads and memory in use, and try the services.",
        discussion: "Exits with 1 when a service that is configured doesn't answer.")

    func run() throws {
        if !DoctorCommand.examine(ProcessInfo.processInfo.environment, say: { print($0) }) {
            throw ExitCode(1)
        }
    }

    /// Tries the services of an environment.
    ///
    /// - Parameter say: takes what was found, line by line.
    /// - Returns: whether all that are configured answer.
    static func examine(_ environment: [String: String], say: (String) -> Void) -> Bool {
        say("\(ClientStatistics.current())")
        var kafka: KafkaAdmin?
        var postgres: PostgresConnection?
        // They stay open until their cost is printed.
        defer {
            kafka?.close()
            postgres?.close()
        }
        var isWell = true
        func report(_ name: String, _ variable: String, _ probe: () throws -> String) {
            guard environment[variable] != nil else {
                return say("\(name): not configured (\(variable))")
            }
            do {
                say("\(name): \(try probe())")
            } catch {
                say("\(name): \(error)")
                isWell = false
            }
        }
        report("Kafka", "KAFKA_BOOTSTRAP_SERVERS") {
            let admin = try KafkaAdmin(try ServiceEnvironment.current(environment, warn: say).kafka)
            kafka = admin
            return "\(try admin.topics().count) topics"
        }
        report("PostgreSQL", "DATABASE_URL") {
            let connection = try PostgresConnection(
                try PostgresConfiguration(environment: environment))
            postgres = connection
            let result = try connection.query("SHOW server_version", [])
            return try result.first?.value(0, as: String.self) ?? "no answer"
        }
        say("with these clients open: \(ClientStatistics.current())")
        return isWell
    }
}
