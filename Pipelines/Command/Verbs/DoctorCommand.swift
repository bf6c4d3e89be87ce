internal import ArgumentParser
internal import Dataflow
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
        var later: [String] = []
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
            let (brokers, copies) = try admin.copies()
            let warning = copiesWarning(brokers: brokers, copies)
            if let warning { later.append("warning: \(warning)") }
            return "\(copies.count) topics, \(brokers) brokers"
        }
        report("PostgreSQL", "DATABASE_URL") {
            let settings = try PostgresConfiguration(environment: environment)
            let connection = try PostgresConnection(settings)
            postgres = connection
            let missing = try settings.missingSettings(of: connection)
            if !missing.isEmpty {
                isWell = false
                later.append(
                    "PostgreSQL: \(missing.joined(separator: ", ")): something between here and the "
                        + "server, such as pgbouncer, drops what a session asks for; connect without it"
                )
            }
            let result = try connection.query("SHOW server_version", [])
            return try result.first?.value(0, as: String.self) ?? "no answer"
        }
        for line in later { say(line) }
        say("with these clients open: \(ClientStatistics.current())")
        return isWell
    }

    /// What to say of topics whose records are gone with one broker; nil: nothing.
    ///
    /// - Parameter copies: how many each topic of the cluster has.
    static func copiesWarning(brokers: Int, _ copies: [String: Int]) -> String? {
        guard brokers > 1 else { return nil }
        let topics = Set(
            Catalogue.entries.flatMap { (try? $0.plan(parameters: nil).topics.map(\.name)) ?? [] })
        let single = topics.filter { copies[$0] == 1 }.sorted()
        if single.isEmpty { return nil }
        return
            "only one of \(brokers) brokers has the records of \(single.joined(separator: ", ")): "
            + "raise their replication factor, and start with --replication-factor 3 where topics are to be made"
    }
}
