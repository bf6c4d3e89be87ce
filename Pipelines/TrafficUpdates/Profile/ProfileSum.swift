public import Records

/// What is known of a segment's speed from many passages: sums that merge and fade.
///
/// The sums are of whole millionths, so that no order of coming changes them.
public struct ProfileSum: Hashable, Sendable, BinaryCodable {
    private var passages = FixedSum()
    private var sums = SpeedSums()

    /// Knows of no passage.
    public init() {}

    /// How many passages, the faded ones counted in part.
    public var count: Double { passages.value }

    /// The harmonic mean of the speeds in m/s, weighted by metres; 0 before the first passage.
    public var mean: Double { sums.harmonicMean }

    /// The variance of the speeds in m²/s², weighted by metres.
    public var variance: Double { sums.variance }

    /// The speed in m/s when nothing is in the way; 0 before the first passage.
    public var freeFlow: Double {
        let seconds = sums.freeFlowSeconds.value
        return seconds > 0 ? sums.metres.value / seconds : 0
    }

    /// Takes a passage in, or takes it back.
    public mutating func add(_ passage: SegmentTraversal) {
        passages += passage.isTakenBack ? -1.0 : 1
        sums.add(passage)
    }

    /// Takes in another sum.
    public mutating func merge(_ other: ProfileSum) {
        passages += other.passages
        sums.merge(other.sums)
    }

    /// Makes everything that is known count for a share of what it did.
    public mutating func fade(to share: Double) {
        passages.fade(to: share)
        sums.fade(to: share)
    }

    /// Reads a sum.
    public init(from reader: inout ByteReader) throws(CodecError) {
        passages = try FixedSum(from: &reader)
        sums = try SpeedSums(from: &reader)
    }

    /// Writes the sum.
    public func encode(into writer: inout ByteWriter) {
        passages.encode(into: &writer)
        sums.encode(into: &writer)
    }

    /// Reads what ``encodeCompact(into:)`` wrote.
    init(compact reader: inout ByteReader) throws(CodecError) {
        passages = try FixedSum(compact: &reader)
        sums = try SpeedSums(compact: &reader)
    }

    /// Writes the sum in fewer bytes the smaller it is.
    func encodeCompact(into writer: inout ByteWriter) {
        passages.encodeCompact(into: &writer)
        sums.encodeCompact(into: &writer)
    }
}
