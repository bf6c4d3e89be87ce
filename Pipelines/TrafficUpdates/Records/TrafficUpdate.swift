public import Dataflow
public import Records
public import RoadNetwork
internal import State
internal import SwiftProtobuf
public import Transforms

/// The speed of a directed segment in one window, or that none is published any more.
public struct TrafficUpdate: Hashable, Sendable {
    /// The segment.
    public var segment: SegmentID
    /// The window.
    public var window: Window
    /// Counts what was said of this segment and window.
    public var revision: UInt32
    /// What is known; nil takes back what was published.
    public var measure: Measure?

    /// What is known of a segment in a window.
    public struct Measure: Hashable, Sendable {
        /// The harmonic mean speed in m/s.
        public var speed: Double
        /// How many passages it is made of.
        public var traversals: UInt64
        /// How many distinct vehicles, exact up to a bound.
        public var vehicles: UInt64
        /// The standard deviation of the passages' speeds in m/s.
        public var standardDeviation: Double
        /// The speeds in m/s that 15, 50 and 85 % of the passages don't exceed.
        public var percentiles: Percentiles
        /// The speed as a share of free flow.
        public var freeFlowRatio: Double

        /// How congested that is.
        public var level: SpeedBand { SpeedBand(ratio: freeFlowRatio) }
    }

    /// Speeds in m/s that a share of the passages doesn't exceed.
    public struct Percentiles: Hashable, Sendable {
        /// 15 % of the passages.
        public var low: Double
        /// Half of them.
        public var median: Double
        /// 85 %.
        public var high: Double
    }

    init(_ change: Change<SegmentID, SegmentSpeed>) {
        segment = change.key
        window = change.window
        revision = change.revision
        measure = change.value.map {
            Measure(
                speed: $0.harmonicMeanSpeed, traversals: $0.traversals,
                vehicles: UInt64($0.vehicles), standardDeviation: $0.standardDeviation,
                percentiles: Percentiles(
                    low: $0.percentile(0.15), median: $0.percentile(0.5),
                    high: $0.percentile(0.85)), freeFlowRatio: $0.freeFlowRatio)
        }
    }

    /// The row of ``TrafficUpdates/liveTraffic``.
    var row: RowChange {
        let key: [TableValue] = [
            .integer(Int64(bitPattern: segment.rawValue)), .time(window.start),
        ]
        guard let measure else { return .delete(key) }
        return .upsert(
            key + [
                .time(window.end), .double(measure.speed * 3.6),
                .integer(Int64(clamping: measure.traversals)),
                .integer(Int64(clamping: measure.vehicles)), .integer(Int64(revision)),
                .double(measure.standardDeviation * 3.6), .double(measure.percentiles.low * 3.6),
                .double(measure.percentiles.median * 3.6),
                .double(measure.percentiles.high * 3.6), .double(measure.freeFlowRatio),
                .text("\(measure.level)"),
            ])
    }
}

extension TrafficUpdate: TopicRecord, BinaryCodable {
    /// Raised with the form of the bytes.
    public static var codecVersion: UInt32 { 2 }

    /// Reads the key and the Protobuf message; a tombstone takes back.
    public init(record: RecordView) throws(CodecError) {
        guard let key = record.key else { throw .malformed("no key") }
        var reader = ByteReader(key)
        segment = try SegmentID(from: &reader)
        window = try Window(from: &reader)
        guard record.value != nil else {
            revision = 0
            measure = nil
            return
        }
        let message: Millrace_Traffic_TrafficUpdate = try .reading(record.value)
        revision = message.revision
        measure = Measure(
            speed: message.speed, traversals: message.traversals, vehicles: message.vehicles,
            standardDeviation: message.standardDeviation,
            percentiles: Percentiles(low: message.p15, median: message.p50, high: message.p85),
            freeFlowRatio: message.freeFlowRatio)
    }

    /// Segment and window.
    public func encodeKey(into writer: inout ByteWriter) -> Bool {
        segment.encode(into: &writer)
        window.encode(into: &writer)
        return true
    }

    /// The Protobuf message; a tombstone for what is taken back.
    public func encodeValue(into writer: inout ByteWriter) -> Bool {
        guard let measure else { return false }
        var message = Millrace_Traffic_TrafficUpdate()
        message.segmentID = segment.rawValue
        message.windowStartMs = window.start.milliseconds
        message.windowEndMs = window.end.milliseconds
        message.revision = revision
        message.speed = measure.speed
        message.traversals = measure.traversals
        message.vehicles = measure.vehicles
        message.standardDeviation = measure.standardDeviation
        message.p15 = measure.percentiles.low
        message.p50 = measure.percentiles.median
        message.p85 = measure.percentiles.high
        message.freeFlowRatio = measure.freeFlowRatio
        return message.write(into: &writer)
    }

    /// Reads the form between stages.
    public init(from reader: inout ByteReader) throws(CodecError) {
        segment = try SegmentID(from: &reader)
        window = try Window(from: &reader)
        revision = try reader.integer()
        measure =
            try Bool(from: &reader)
            ? Measure(
                speed: try reader.double(), traversals: try reader.integer(),
                vehicles: try reader.integer(), standardDeviation: try reader.double(),
                percentiles: Percentiles(
                    low: try reader.double(), median: try reader.double(),
                    high: try reader.double()), freeFlowRatio: try reader.double()) : nil
    }

    /// Writes the form between stages.
    public func encode(into writer: inout ByteWriter) {
        segment.encode(into: &writer)
        window.encode(into: &writer)
        writer.integer(revision)
        (measure != nil).encode(into: &writer)
        if let measure {
            writer.double(measure.speed)
            writer.integer(measure.traversals)
            writer.integer(measure.vehicles)
            writer.double(measure.standardDeviation)
            writer.double(measure.percentiles.low)
            writer.double(measure.percentiles.median)
            writer.double(measure.percentiles.high)
            writer.double(measure.freeFlowRatio)
        }
    }
}
