import Foundation
import KafkaClient
import LogContract
import Records
import Synchronization

/// The log of these tests: librdkafka's mock cluster, or the Kafka at `KAFKA_BOOTSTRAP_SERVERS`.
struct KafkaFixture: TransactionalLogFixture {
    static let external = ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"]
        .flatMap { $0.isEmpty ? nil : $0 }

    let mock: SharedMock?
    let configuration: KafkaConfiguration
    private let run = UInt32.random(in: .min ... .max)
    private static let counter = Atomic<Int>(0)

    init() throws {
        if let servers = Self.external {
            mock = nil
            configuration = try KafkaConfiguration(
                bootstrapServers: servers,
                properties: ["heartbeat.interval.ms": "200", "session.timeout.ms": "6000"])
        } else {
            let mock = try SharedMock()
            self.mock = mock
            // Members learn of a rebalance by their heartbeats, and the mock waits a session less
            // one second for them to join: both short, so that the tests are quick.
            configuration = try KafkaConfiguration(
                bootstrapServers: mock.bootstrapServers,
                properties: ["heartbeat.interval.ms": "100", "session.timeout.ms": "2500"])
        }
    }

    var features: Set<LogFeature> {
        mock == nil ? [.offsetForTime, .groups, .offsetRange] : [.groups, .offsetRange]
    }

    private func name(_ kind: String) -> String {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "millrace-test-\(kind)-\(run)-\(number)"
    }

    func makeTopic(partitions: Int32) throws -> String {
        let topic = name("topic")
        if let mock {
            try mock.createTopic(topic, partitions: partitions)
        } else {
            let admin = try KafkaAdmin(configuration)
            defer { admin.close() }
            try admin.createTopics([TopicSpec(name: topic, partitions: partitions)])
        }
        return topic
    }

    func makeGroup() -> String { name("group") }

    func makeWriter() throws -> any LogWriter { try KafkaWriter(configuration) }

    func makeWriter(transactionalID: String) throws -> any TransactionalWriter {
        try KafkaWriter(configuration, KafkaWriterOptions(transactionalID: transactionalID))
    }

    func makeReader(group: String?) throws -> any LogReader {
        try KafkaReader(configuration, KafkaReaderOptions(.byHand(group: group)))
    }

    func makeMember(group: String, topics: [String]) throws -> any LogReader {
        try KafkaReader(configuration, KafkaReaderOptions(.group(group, topics: topics)))
    }
}

/// A mock cluster that several tests use at once.
final class SharedMock: @unchecked Sendable {
    // The mock takes its own lock for topics; nothing else of it is used from several threads.
    private let cluster: MockCluster
    let bootstrapServers: String

    init() throws {
        cluster = try MockCluster()
        bootstrapServers = cluster.bootstrapServers
    }

    func createTopic(_ name: String, partitions: Int32) throws {
        try cluster.createTopic(name, partitions: partitions)
    }
}
