import LogContract
import Records
import Testing

@testable import KafkaClient

/// What a group is told of the decisions of another authority.
@Suite("Announced offsets")
struct GroupAnnouncerTests {
    private static func told(_ offset: Int64) -> CommittedOffset {
        CommittedOffset(offset: Offset(offset), metadata: "decided in PostgreSQL")
    }

    @Test("a poll tells them, and not whoever has just decided")
    func arrives() throws {
        let fixture = try KafkaFixture()
        let partition = TopicPartition(topic: try fixture.makeTopic(partitions: 1), partition: 0)
        let reader = try fixture.makeMember(group: fixture.makeGroup(), topics: [partition.topic])
        defer { reader.close() }
        _ = try eventually("an assignment", idle: { reader.wait(milliseconds: 20) }) {
            _ = try reader.poll()
            return reader.owns([partition]) ? true : nil
        }
        reader.announce([partition: Offset(3)])
        #expect(try reader.committed([partition]).isEmpty)
        let shown = try eventually("an offset", idle: { reader.wait(milliseconds: 20) }) {
            _ = try reader.poll()
            return try reader.committed([partition])[partition]
        }
        #expect(shown == Self.told(3))
        #expect(reader.failedAnnouncements == 0 && reader.owns([partition]))
    }

    @Test("of a partition that was lost nothing is told: whoever has it may have come further")
    func lost() throws {
        let fixture = try KafkaFixture()
        let topic = try fixture.makeTopic(partitions: 2)
        let group = fixture.makeGroup()
        let (mine, lost) = (
            TopicPartition(topic: topic, partition: 0), TopicPartition(topic: topic, partition: 1)
        )
        let other = try fixture.makeReader(group: group)
        defer { other.close() }
        try other.commit([lost: Self.told(9)])
        let announcer = GroupAnnouncer(
            fixture.configuration, group: group, timeoutMilliseconds: 60_000)
        announcer.add([mine: Offset(4), lost: Offset(5)])
        announcer.handOver([mine, lost], of: [mine])
        #expect(announcer.failed == 0 && announcer.waiting.isEmpty)
        #expect(try other.committed([mine, lost]) == [mine: Self.told(4), lost: Self.told(9)])
        announcer.close([mine, lost])
        #expect(try other.committed([lost]) == [lost: Self.told(9)])
    }
}
