import Dataflow
import EngineWorkload
import Foundation
import Records
import Sinks
import Sources
import Transforms

/// The pipeline of `kafka.rekeyed`: readings keyed by user are filtered, keyed anew by segment, and
/// summed up minute by minute.
enum Rekeyed {
    static let users: UInt64 = 100_000
    static let segments: UInt64 = 50_000
    /// Event time passes at this many records a second.
    static let recordsPerSecond = 16_667
    /// The first event time: not so long ago that the topics' retention takes the results away.
    static let start = Int64(Date().timeIntervalSince1970 * 1_000) / 60_000 * 60_000 - 600_000

    /// A reading: 8 bytes of key and 92 of value.
    struct Reading: TopicRecord, BinaryCodable {
        static let valueBytes = 92
        /// Above this speed a reading isn't believed: a sixteenth of all.
        static let believed = 15.0 / 16

        var user: UInt64
        var segment: UInt64
        var speed: Double
        var time: EventTime

        init(record: RecordView) throws(CodecError) {
            guard let key = record.key, let value = record.value,
                key.count == 8, value.count == Reading.valueBytes
            else { throw .malformed("not a reading") }
            user = key.loadUnaligned(as: UInt64.self)
            segment = value.loadUnaligned(as: UInt64.self)
            speed = value.loadUnaligned(fromByteOffset: 8, as: Double.self)
            time = EventTime(milliseconds: value.loadUnaligned(fromByteOffset: 16, as: Int64.self))
        }

        init(from reader: inout ByteReader) throws(CodecError) {
            user = try reader.integer()
            segment = try reader.integer()
            speed = try reader.double()
            time = try EventTime(from: &reader)
        }

        func encode(into writer: inout ByteWriter) {
            writer.integer(user)
            writer.integer(segment)
            writer.double(speed)
            time.encode(into: &writer)
        }

        /// Writes the reading of a number to where it belongs.
        static func write(
            _ number: Int, key: UnsafeMutableRawPointer, value: UnsafeMutableRawPointer,
            _ generator: inout SeededGenerator
        ) {
            key.storeBytes(of: generator.next() % users, as: UInt64.self)
            value.storeBytes(of: generator.next() % segments, as: UInt64.self)
            value.storeBytes(of: generator.unit(), toByteOffset: 8, as: Double.self)
            let time = start + Int64(number) * 1_000 / Int64(recordsPerSecond)
            value.storeBytes(of: time, toByteOffset: 16, as: Int64.self)
        }

        func encodeKey(into writer: inout ByteWriter) -> Bool {
            writer.integer(user)
            return true
        }

        func encodeValue(into writer: inout ByteWriter) -> Bool {
            writer.integer(segment)
            writer.double(speed)
            writer.integer(time.milliseconds)
            writer.raw([UInt8](repeating: 0, count: Reading.valueBytes - 24))
            return true
        }
    }

    /// What is known of a segment and a minute.
    struct Tally: Accumulator {
        var inner = EngineWorkload.Tally()

        init() {}

        @inline(__always)
        mutating func add(_ reading: Reading, at time: EventTime) { inner.add(reading.speed) }

        mutating func merge(_ other: Tally) { inner.merge(other.inner) }

        init(from reader: inout ByteReader) throws(CodecError) {
            inner = try EngineWorkload.Tally(from: &reader)
        }

        func encode(into writer: inout ByteWriter) { inner.encode(into: &writer) }
    }

    /// What is published of a segment and a minute.
    struct Minute: TopicRecord {
        var segment: UInt64
        var windowStart: EventTime
        var tally: Tally

        init(_ change: Change<UInt64, Tally>) {
            segment = change.key
            windowStart = change.window.start
            tally = change.value ?? Tally()
        }

        init(record: RecordView) throws(CodecError) {
            guard let key = record.key, let value = record.value else {
                throw .malformed("not a minute")
            }
            var reader = ByteReader(key)
            segment = try reader.integer()
            windowStart = try EventTime(from: &reader)
            reader = ByteReader(value)
            tally = try Tally(from: &reader)
        }

        func encodeKey(into writer: inout ByteWriter) -> Bool {
            writer.integer(segment)
            windowStart.encode(into: &writer)
            return true
        }

        func encodeValue(into writer: inout ByteWriter) -> Bool {
            tally.encode(into: &writer)
            return true
        }
    }

    static func define(_ graph: GraphBuilder, input: String, output: String) {
        let readings = graph.source("readings", from: KafkaSource<Reading>(input))
        readings.rejected.sink("rejects", to: DeadLetters())
        let windows = readings.accepted
            .assignTimestamps("event-time", .boundedOutOfOrder(.seconds(5)), \.time)
            .filter("believed") { $0.speed < Reading.believed }
            .keyBy("by-segment", \.segment)
            .window(.tumbling(.seconds(60)))
        windows.late.sink("late", to: DeadLetters())
        windows.aggregate("minute", Tally.self)
            .map("row") { Minute($0) }
            .sink("segment-minutes", to: KafkaSink(output))
    }
}
