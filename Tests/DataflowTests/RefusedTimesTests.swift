import Records
import Testing

@testable import Dataflow

@Suite("Timestamps of records between stages")
struct RefusedTimesTests {
    private let now = EventTime(milliseconds: 1_700_000_000_000)

    private func written(at time: EventTime, _ limits: TopicLimits = .none) throws -> EventTime? {
        let context = TaskContext(
            pipeline: "p", partition: 0, stageTasks: 1, incarnation: 1,
            topicLimits: { _ in limits },
            partitionCount: { _ in 1 })
        var writer = try ExchangeWriter(
            topic: "p.by-key.repartition", by: try #require(OperatorID("by-key")), context)
        context.now = now
        writer.write(at: time, key: { $0.integer(7 as UInt64) }, payload: { _ in })
        // Whatever the log is told, the record says when it happened.
        let entry = try #require(context.outputs.entries.first)
        let value = context.outputs.bytes[try #require(entry.value)]
        #expect(value.count == 9)
        #expect(
            value.dropFirst().enumerated().reduce(0) { $0 | Int64($1.1) << (8 * $1.0) }
                == time.milliseconds)
        return entry.timestamp
    }

    @Test("what is yet to come bears the present time, and what was bears its own")
    func ahead() throws {
        let early = now.advanced(byMilliseconds: -86_400_000)
        #expect(try written(at: now.advanced(byMilliseconds: 7_200_000)) == now)
        #expect(try written(at: now) == now)
        #expect(try written(at: early) == early)
    }

    @Test("what lies too far back for the topic bears the present time")
    func behind() throws {
        let limits = TopicLimits(behindMilliseconds: 3_600_000)
        #expect(try written(at: now.advanced(byMilliseconds: -7_200_000), limits) == now)
        let recent = now.advanced(byMilliseconds: -1_800_000)
        #expect(try written(at: recent, limits) == recent)
    }

    /// A result without a key or a value of its own.
    private struct Result: TopicRecord {
        init() {}
        init(record: RecordView) throws(CodecError) {}
        func encodeKey(into writer: inout ByteWriter) -> Bool {
            writer.integer(7 as UInt64)
            return true
        }
        func encodeValue(into writer: inout ByteWriter) -> Bool { false }
    }

    private func result(at time: EventTime, isDirect: Bool) throws -> EventTime? {
        let context = TaskContext(
            pipeline: "p", partition: 0, stageTasks: 1, incarnation: 1,
            topicLimits: { _ in TopicLimits(aheadMilliseconds: 3_600_000) },
            partitionCount: { _ in 1 })
        context.openLetters = { DeadLetterOutlet($0, isTable: false, topic: "p.dead-letters") }
        let topic = context.outputTopic(
            "out", by: try #require(OperatorID("sums")), isDirect: isDirect)
        context.now = now
        context.append(Result(), topic: topic, partitions: 1, at: time)
        return context.outputs.entries.first { $0.topic == topic }?.timestamp
    }

    @Test(
        "an early result of a day is stamped as late as its topic takes; a record of its own is refused"
    )
    func early() throws {
        let end = now.advanced(byMilliseconds: 86_400_000)
        let stamp = try #require(try result(at: end, isDirect: false))
        #expect(stamp > now && stamp < now.advanced(byMilliseconds: 3_600_000))
        #expect(try result(at: end, isDirect: true) == nil)
        let soon = now.advanced(byMilliseconds: 60_000)
        #expect(try result(at: soon, isDirect: false) == soon)
    }
}
