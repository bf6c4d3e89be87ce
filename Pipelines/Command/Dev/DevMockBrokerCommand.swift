internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import KafkaClient

/// `millrace dev mock-broker`: librdkafka's mock cluster as a process of its own.
struct DevMockBrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mock-broker",
        abstract: "Run Kafka brokers in memory until interrupted or until stdin closes.",
        discussion: """
            Prints the bootstrap address as its first line. Topics are made beforehand; the mock \
            has no administration and no read_committed, and keeps 5 MB a partition.
            """)

    @Option(name: .customLong("topic"), help: "A topic, as name:partitions; may be repeated.")
    var topics: [MockTopic] = []

    @Option(help: "How many brokers.")
    var brokers = 1

    func validate() throws {
        guard (1...16).contains(brokers) else {
            throw ValidationError("--brokers must be from 1 to 16")
        }
        guard Set(topics.map(\.name)).count == topics.count else {
            throw ValidationError("a topic is given twice")
        }
    }

    func run() async throws {
        let cluster = try MockCluster(brokers: brokers)
        defer { cluster.close() }
        for topic in topics {
            try cluster.createTopic(topic.name, partitions: topic.partitions)
        }
        print(cluster.bootstrapServers)
        let signals = StopSignals()
        signals.followStandardInput()
        await signals.wait()
    }
}

/// `name:partitions` on the command line.
struct MockTopic: ExpressibleByArgument {
    var name: String
    var partitions: Int32

    /// More partitions than anybody needs on one machine.
    static let maximumPartitions: Int32 = 4_096

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":") else { return nil }
        name = String(argument[..<colon])
        guard !name.isEmpty, let count = Int32(argument[argument.index(after: colon)...]),
            (1...Self.maximumPartitions).contains(count)
        else { return nil }
        partitions = count
    }
}
