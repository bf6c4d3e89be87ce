public import Records
public import Transforms

/// What is known of one segment in one window: summed before the shuffle, merged behind it.
///
/// A passage over a part of the segment weighs as much as the metres that it covers.
public struct SegmentSpeed: Accumulator, Hashable, Sendable {
    /// Metres driven.
    public private(set) var metres = 0.0
    /// Seconds that took.
    public private(set) var seconds = 0.0
    /// Seconds that it takes when nothing is in the way.
    public private(set) var freeFlowSeconds = 0.0
    /// How many passages there were, whole or in part.
    public private(set) var traversals: UInt64 = 0
    /// The passages' speeds and their squares, weighted by metres.
    private var weighted = 0.0
    private var weightedSquares = 0.0
    private var speeds = SpeedHistogram()
    private var distinct = DistinctCount()

    /// Knows of no passage.
    public init() {}

    /// Raised with the form of the bytes.
    public static var codecVersion: UInt32 { 2 }

    /// The harmonic mean of the passages' speeds, weighted by their lengths, in m/s: the speed at which a
    /// vehicle would have needed the mean time.
    public var harmonicMeanSpeed: Double { seconds > 0 ? metres / seconds : 0 }

    /// The standard deviation of the passages' speeds, weighted by their lengths, in m/s.
    public var standardDeviation: Double {
        guard metres > 0, traversals > 1 else { return 0 }
        let mean = weighted / metres
        return max(0, weightedSquares / metres - mean * mean).squareRoot()
    }

    /// The speed as a share of free flow; 0 before the first passage.
    public var freeFlowRatio: Double { seconds > 0 ? freeFlowSeconds / seconds : 0 }

    /// The speed in m/s that a share `q` of the passages doesn't exceed.
    public func percentile(_ q: Double) -> Double { speeds.percentile(q) }

    /// How many distinct vehicles passed.
    public var vehicles: Int { distinct.count }

    /// Takes a passage in.
    public mutating func add(_ traversal: SegmentTraversal, at time: EventTime) {
        let speed = traversal.length / traversal.seconds
        metres += traversal.length
        seconds += traversal.seconds
        freeFlowSeconds += traversal.freeFlowSeconds
        weighted += traversal.length * speed
        weightedSquares += traversal.length * speed * speed
        traversals += 1
        speeds.insert(speed)
        distinct.insert(traversal.vehicle)
    }

    /// Takes in what another sum knows.
    public mutating func merge(_ other: SegmentSpeed) {
        metres += other.metres
        seconds += other.seconds
        freeFlowSeconds += other.freeFlowSeconds
        weighted += other.weighted
        weightedSquares += other.weightedSquares
        traversals += other.traversals
        speeds.merge(other.speeds)
        distinct.merge(other.distinct)
    }

    /// Reads a sum.
    public init(from reader: inout ByteReader) throws(CodecError) {
        metres = try reader.double()
        seconds = try reader.double()
        freeFlowSeconds = try reader.double()
        weighted = try reader.double()
        weightedSquares = try reader.double()
        traversals = try reader.varint()
        speeds = try SpeedHistogram(from: &reader)
        distinct = try DistinctCount(from: &reader)
    }

    /// Writes the sum.
    public func encode(into writer: inout ByteWriter) {
        writer.double(metres)
        writer.double(seconds)
        writer.double(freeFlowSeconds)
        writer.double(weighted)
        writer.double(weightedSquares)
        writer.varint(traversals)
        speeds.encode(into: &writer)
        distinct.encode(into: &writer)
    }
}
