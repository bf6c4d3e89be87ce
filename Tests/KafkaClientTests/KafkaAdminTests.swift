import KafkaClient
import LogContract
import Records
import Testing

@Suite("Kafka client: administration")
struct KafkaAdminTests {
    @Test("topics are made as described, once, and deleted")
    func topics() throws {
        let fixture = try KafkaFixture()
        let admin = try KafkaAdmin(fixture.configuration)
        defer { admin.close() }
        let base = fixture.makeGroup()
        let specs = [
            TopicSpec(name: base + "-a", partitions: 3, retention: .unlimited),
            TopicSpec(name: base + "-b", partitions: 1, retention: .compacted),
        ]
        try admin.createTopics(specs)
        try admin.createTopics(specs)
        #expect(try admin.partitionCount(of: base + "-a") == 3)
        let names = specs.map(\.name)
        #expect(try names.map { try admin.topics()[$0] } == [3, 1])
        try admin.deleteTopics(names)
        try admin.deleteTopics(names)
        _ = try eventually("they are gone", idle: {}) {
            try admin.topics().keys.contains(where: names.contains) ? nil : true
        }
    }

    @Test("records below an offset are deleted, and reading there names the gap")
    func deleteRecords() throws {
        let fixture = try KafkaFixture()
        let admin = try KafkaAdmin(fixture.configuration)
        defer { admin.close() }
        let partition = TopicPartition(topic: try fixture.makeTopic(partitions: 1), partition: 0)
        let writer = try fixture.makeWriter()
        defer { writer.close() }
        try writer.writeThrough(.numbered(partition.topic, 0, 0..<30))
        #expect(try admin.deleteRecords(below: [partition: Offset(20)]) == [partition: Offset(20)])
        let reader = try fixture.makeReader(group: nil)
        defer { reader.close() }
        #expect(
            try reader.bounds(of: partition)
                == PartitionBounds(earliest: Offset(20), end: Offset(30)))
        try reader.assign([partition: Offset(5)])
        let error = try eventually("an error", idle: { reader.wait(milliseconds: 20) }) {
            () -> DataflowError? in
            do {
                _ = try reader.read(partition, maximum: 10) { _ in }
                return nil
            } catch let error as DataflowError {
                return error
            }
        }
        #expect(error.code == .offsetOutOfRange)
        #expect(error.message.contains("15 offsets from 5"), "\(error)")
    }

    @Test("a group's offsets are listed with their metadata")
    func groupOffsets() throws {
        let fixture = try KafkaFixture()
        let admin = try KafkaAdmin(fixture.configuration)
        defer { admin.close() }
        let partition = TopicPartition(topic: try fixture.makeTopic(partitions: 2), partition: 1)
        let group = fixture.makeGroup()
        let reader = try fixture.makeReader(group: group)
        defer { reader.close() }
        let position = CommittedOffset(offset: Offset(7), metadata: "epoch=1")
        try reader.commit([partition: position])
        #expect(try admin.committed(group: group) == [partition: position])
        #expect(try admin.committed(group: fixture.makeGroup()).isEmpty)
    }
}
