public import Records
public import Transforms

/// What is known of one segment in one window: summed before the shuffle, merged behind it.
///
/// A passage over a part of the segment weighs as much as the metres that it covers. The sums are of whole
/// millionths, so that no order of coming changes them.
public struct SegmentSpeed: Accumulator, Hashable, Sendable {
    private var sums = SpeedSums()
    /// How many passages there were, whole or in part.
    public var traversals: UInt64 { UInt64(max(0, passages)) }
    private var passages: Int64 = 0
    private var speeds = SpeedHistogram()
    private var distinct = DistinctCount()

    /// Knows of no passage.
    public init() {}

    /// Raised with the form of the bytes.
    public static var codecVersion: UInt32 { 4 }

    /// Metres driven.
    public var metres: Double { sums.metres.value }

    /// Seconds that took.
    public var seconds: Double { sums.seconds.value }

    /// Seconds that it takes when nothing is in the way.
    public var freeFlowSeconds: Double { sums.freeFlowSeconds.value }

    /// The harmonic mean of the passages' speeds, weighted by their lengths, in m/s: the speed at which a
    /// vehicle would have needed the mean time.
    public var harmonicMeanSpeed: Double { sums.harmonicMean }

    /// The standard deviation of the passages' speeds, weighted by their lengths, in m/s.
    public var standardDeviation: Double {
        passages > 1 ? sums.variance.squareRoot() : 0
    }

    /// The speed as a share of free flow; 0 before the first passage.
    public var freeFlowRatio: Double { seconds > 0 ? freeFlowSeconds / seconds : 0 }

    /// The speed in m/s that a share `q` of the passages doesn't exceed.
    public func percentile(_ q: Double) -> Double { speeds.percentile(q) }

    /// How many distinct vehicles passed.
    public var vehicles: Int { distinct.count }

    /// Takes a passage in, or takes it back.
    public mutating func add(_ traversal: SegmentTraversal, at time: EventTime) {
        sums.add(traversal)
        passages += traversal.isTakenBack ? -1 : 1
        speeds.insert(
            traversal.length / traversal.seconds, times: traversal.isTakenBack ? -1 : 1)
        if traversal.isTakenBack {
            distinct.remove(traversal.vehicle)
        } else {
            distinct.insert(traversal.vehicle)
        }
    }

    /// Takes in what another sum knows.
    public mutating func merge(_ other: SegmentSpeed) {
        sums.merge(other.sums)
        passages &+= other.passages
        speeds.merge(other.speeds)
        distinct.merge(other.distinct)
    }

    /// Reads a sum.
    public init(from reader: inout ByteReader) throws(CodecError) {
        sums = try SpeedSums(from: &reader)
        passages = try reader.zigzag()
        speeds = try SpeedHistogram(from: &reader)
        distinct = try DistinctCount(from: &reader)
    }

    /// Writes the sum.
    public func encode(into writer: inout ByteWriter) {
        sums.encode(into: &writer)
        writer.zigzag(passages)
        speeds.encode(into: &writer)
        distinct.encode(into: &writer)
    }
}
