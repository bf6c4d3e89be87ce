import EmbeddedBroker
import Foundation
import KafkaClient
import LogContract
import Records
import Synchronization

/// The log of these tests: an embedded broker, or the Kafka at `KAFKA_BOOTSTRAP_SERVERS`.
struct KafkaFixture: TransactionalLogFixture {
    static let external = ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"]
        .flatMap { $0.isEmpty ? nil : $0 }

    let configuration: KafkaConfiguration
    private let run = UInt32.random(in: .min ... .max)
    private static let counter = Atomic<Int>(0)

    init() throws {
        configuration = try KafkaConfiguration(
            bootstrapServers: try Self.external ?? SharedBroker.broker.get().address,
            properties: ["heartbeat.interval.ms": "200", "session.timeout.ms": "6000"])
    }

    var features: Set<LogFeature> { [.offsetForTime, .groups, .offsetRange] }

    private func name(_ kind: String) -> String {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "millrace-test-\(kind)-\(run)-\(number)"
    }

    func makeTopic(partitions: Int32) throws -> String {
        let topic = name("topic")
        let admin = try KafkaAdmin(configuration)
        defer { admin.close() }
        try admin.createTopics([TopicSpec(name: topic, partitions: partitions)])
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

/// The broker that all suites of this process share.
enum SharedBroker {
    static let broker = Result {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-kafka-client-\(getpid())").path
        return try EmbeddedBroker.startAndWait(BrokerConfiguration(dataDirectory: directory))
    }
}
