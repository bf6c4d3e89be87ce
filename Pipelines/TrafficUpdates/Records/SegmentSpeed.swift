public import Records
public import Transforms

/// What is known of one segment in one window: summed before the shuffle, merged behind it.
public struct SegmentSpeed: Accumulator, Hashable, Sendable {
    /// Metres driven.
    public private(set) var metres = 0.0
    /// Seconds that took.
    public private(set) var seconds = 0.0
    /// How many passages there were.
    public private(set) var traversals: UInt64 = 0
    private var distinct = DistinctCount()

    /// Knows of no passage.
    public init() {}

    /// The harmonic mean of the passages' speeds, weighted by their lengths, in m/s: the speed at which a
    /// vehicle would have needed the mean time.
    public var harmonicMeanSpeed: Double { seconds > 0 ? metres / seconds : 0 }

    /// How many distinct vehicles passed.
    public var vehicles: Int { distinct.count }

    /// Takes a passage in.
    public mutating func add(_ traversal: SegmentTraversal, at time: EventTime) {
        metres += traversal.length
        seconds += traversal.seconds
        traversals += 1
        distinct.insert(traversal.vehicle)
    }

    /// Takes in what another sum knows.
    public mutating func merge(_ other: SegmentSpeed) {
        metres += other.metres
        seconds += other.seconds
        traversals += other.traversals
        distinct.merge(other.distinct)
    }

    /// Reads a sum.
    public init(from reader: inout ByteReader) throws(CodecError) {
        metres = try reader.double()
        seconds = try reader.double()
        traversals = try reader.varint()
        distinct = try DistinctCount(from: &reader)
    }

    /// Writes the sum.
    public func encode(into writer: inout ByteWriter) {
        writer.double(metres)
        writer.double(seconds)
        writer.varint(traversals)
        distinct.encode(into: &writer)
    }
}
