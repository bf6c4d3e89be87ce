import Dataflow
import EmbeddedBroker
import Foundation
import KafkaClient
import Records
import Testing

@testable import Command

@Suite("Topics that a pipeline creates")
struct TopicMakerTests {
    @Test("of two first starts with different numbers of partitions both believe the cluster")
    func race() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-topics-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let broker = try await EmbeddedBroker.start(BrokerConfiguration(dataDirectory: directory))
        do {
            let admin = try KafkaAdmin(try KafkaConfiguration(bootstrapServers: broker.address))
            defer { admin.close() }
            func make(_ partitions: Int32) throws -> Int32? {
                // Each has looked before the other created it.
                try TopicMaker.make(
                    [TopicSpec(name: "shuffle", partitions: partitions)], copies: 1, admin)[
                        "shuffle"]
            }
            #expect(try make(7) == 7)
            #expect(try make(3) == 7)
            let (brokers, copies) = try admin.copies()
            #expect(brokers == 1 && copies["shuffle"] == 1)
        } catch {
            try? await broker.stop()
            throw error
        }
        try await broker.stop()
    }

    @Test("doctor names the topics of pipelines that one broker alone has, where there are more")
    func copies() {
        let name = "traffic-updates.by-segment.repartition"
        let warning = DoctorCommand.copiesWarning(brokers: 3, [name: 1, "mine": 1])
        #expect(warning?.contains(name) ?? false)
        #expect(warning?.contains("mine") == false)
        #expect(DoctorCommand.copiesWarning(brokers: 3, [name: 2, "mine": 1]) == nil)
        #expect(DoctorCommand.copiesWarning(brokers: 1, [name: 1]) == nil)
    }
}
