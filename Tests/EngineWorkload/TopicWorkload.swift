package import Dataflow
package import Records
internal import Sources
internal import State
internal import Transforms

/// A topic of 100-byte records read into windows: decode, filter, keyBy, a window of a minute.
package enum TopicWorkload {
    /// The length of a record's value, in bytes.
    package static let valueBytes = 100
    /// What makes a record's 33 bytes that long.
    private static let filler = [UInt8](repeating: 0x5f, count: valueBytes - 33)
    /// What the records are divided by, and how many different ones there are.
    package static let users: UInt64 = 10_000
    /// What a shuffle divides them by anew.
    package static let segments: UInt64 = 50_000

    /// A record: 33 bytes that are read and as many as make it 100.
    package struct Reading: KeyedTopicRecord {
        var user: UInt64
        var segment: UInt64
        var value: Double
        var time: EventTime
        var isGood: Bool

        package static var topicKey: PartialKeyPath<Reading> { \.user }

        package init(record: RecordView) throws(CodecError) {
            guard let bytes = record.value else { throw .malformed("a reading without a value") }
            var reader = ByteReader(bytes)
            user = try reader.integer()
            segment = try reader.integer()
            value = try reader.double()
            time = EventTime(milliseconds: try reader.integer())
            isGood = try reader.integer(UInt8.self) != 0
        }

        /// A reading that is a function of its number.
        package init(number: Int) {
            let random = SeededGenerator.mix(UInt64(number))
            user = random % TopicWorkload.users
            segment = (random >> 20) % TopicWorkload.segments
            value = Double(random >> 40)
            time = EventTime(milliseconds: 1_700_000_000_000 + Int64(number / 100))
            isGood = random >> 60 != 0
        }

        package func encodeKey(into writer: inout ByteWriter) -> Bool {
            writer.integer(user)
            return true
        }

        package func encodeValue(into writer: inout ByteWriter) -> Bool {
            writer.integer(user)
            writer.integer(segment)
            writer.double(value)
            writer.integer(time.milliseconds)
            writer.integer(UInt8(isGood ? 1 : 0))
            writer.raw(TopicWorkload.filler)
            return true
        }
    }

    struct IsGood: Predicate {
        func matches(_ reading: Reading) -> Bool { reading.isGood }
    }

    struct User: KeyExtractor {
        func key(of reading: Reading) -> UInt64 { reading.user }
    }

    struct Segment: KeyExtractor {
        func key(of reading: Reading) -> UInt64 { reading.segment }
    }

    struct Time: KeyExtractor {
        func key(of reading: Reading) -> EventTime { reading.time }
    }

    /// What is summed up of a key.
    struct Tally: Accumulator {
        var inner = EngineWorkload.Tally()

        mutating func add(_ reading: Reading, at time: EventTime) { inner.add(reading.value) }
        mutating func merge(_ other: Tally) { inner.merge(other.inner) }

        init() {}
        init(from reader: inout ByteReader) throws(CodecError) {
            inner = try EngineWorkload.Tally(from: &reader)
        }
        func encode(into writer: inout ByteWriter) { inner.encode(into: &writer) }
    }

    /// Names the operators.
    ///
    /// - Parameters:
    ///   - shuffled: whether the windows' key is another than the topic's.
    ///   - total: counts the records that windows have published.
    package static func define(
        _ graph: GraphBuilder, topic: String, shuffled: Bool, total: UnsafeMutablePointer<UInt64>
    ) {
        let source = graph.source("readings", from: KafkaSource<Reading>(topic))
        source.rejected.sink("rejects", to: EngineWorkload.DroppingLetters())
        let good = source.accepted
            .assignTimestamps("time", .boundedOutOfOrder(.seconds(1)), Time())
            .filter("good", IsGood())
        let minute = WindowSpec.tumbling(.seconds(60))
        if shuffled {
            let windows = good.keyBy("by-segment", Segment()).window(minute)
            windows.late.sink("late", to: EngineWorkload.Dropping<Reading>())
            windows.aggregate("tally", Tally.self)
                .sink("out", to: EngineWorkload.Counting(total: total) { $0.inner.count })
        } else {
            let windows = good.keyBy("by-user", User(), property: \Reading.user).window(minute)
            windows.late.sink("late", to: EngineWorkload.Dropping<Reading>())
            windows.aggregate("tally", Tally.self)
                .sink("out", to: EngineWorkload.Counting(total: total) { $0.inner.count })
        }
    }

    /// Readings as they are written to a topic, each to the partition of its user.
    package static func encode(
        _ numbers: Range<Int>, topic: String = "", partitions: UInt64 = 1
    ) -> OutputBatch {
        var batch = OutputBatch(topics: [topic])
        var writer = ByteWriter()
        for number in numbers {
            let reading = Reading(number: number)
            let start = writer.count
            _ = reading.encodeKey(into: &writer)
            let middle = writer.count
            _ = reading.encodeValue(into: &writer)
            batch.entries.append(
                OutputBatch.Entry(
                    topic: 0, partition: Int32(reading.user % partitions),
                    timestamp: reading.time, key: start..<middle,
                    value: middle..<writer.count))
        }
        batch.bytes = writer.bytes
        return batch
    }
}
