import Foundation
import KafkaClient

/// The broker of a benchmark: the Kafka at `KAFKA_BOOTSTRAP_SERVERS`, without encryption or a login, or an embedded
/// one in a process of its own.
final class BenchmarkKafka {
    private static let given = ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"] ?? ""

    /// Which broker figures were taken on.
    static var description: String {
        given.isEmpty ? "flush=1000 (the default)" : "the Kafka at KAFKA_BOOTSTRAP_SERVERS"
    }

    let servers: String
    private let process: BrokerProcess?
    private let prefix: String

    init() throws {
        if BenchmarkKafka.given.isEmpty {
            let process = try BrokerProcess(.embedded(flush: "1000"))
            self.process = process
            servers = process.bootstrapServers
            prefix = ""
        } else {
            process = nil
            servers = BenchmarkKafka.given
            prefix = "bench-\(UUID().uuidString.prefix(8).lowercased())."
        }
    }

    /// The name of a topic or pipeline: a benchmark's own where others use the broker too.
    func name(_ name: String) -> String { prefix + name }

    /// Ends the process, or deletes the benchmark's topics from a broker that isn't ours.
    func stop() {
        guard process == nil else { return process?.stop() ?? () }
        guard let admin = try? KafkaAdmin(KafkaConfiguration(bootstrapServers: servers)) else {
            return
        }
        defer { admin.close() }
        let names = (try? admin.topics())?.keys.filter { $0.hasPrefix(prefix) } ?? []
        try? admin.deleteTopics(Array(names))
    }
}
