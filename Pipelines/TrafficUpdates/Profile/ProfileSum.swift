public import Records

/// What is known of a segment's speed from many passages: sums that merge and fade.
///
/// The sums are of whole millionths, so that no order of coming changes them.
public struct ProfileSum: Hashable, Sendable, BinaryCodable {
    private var passages = FixedSum()
    private var meters = FixedSum()
    private var time = FixedSum()
    private var freeFlowTime = FixedSum()
    /// The passages' speeds and their squares, weighted by metres.
    private var weighted = FixedSum()
    private var weightedSquares = FixedSum()

    /// Knows of no passage.
    public init() {}

    /// How many passages, the faded ones counted in part.
    public var count: Double { passages.value }

    /// The harmonic mean of the speeds in m/s, weighted by metres; 0 before the first passage.
    public var mean: Double { time.value > 0 ? meters.value / time.value : 0 }

    /// The variance of the speeds in m²/s², weighted by metres.
    public var variance: Double {
        guard meters.value > 0 else { return 0 }
        let mean = weighted.value / meters.value
        return max(0, weightedSquares.value / meters.value - mean * mean)
    }

    /// The speed in m/s when nothing is in the way; 0 before the first passage.
    public var freeFlow: Double {
        freeFlowTime.value > 0 ? meters.value / freeFlowTime.value : 0
    }

    /// Takes a passage in, or takes it back.
    public mutating func add(_ passage: SegmentTraversal) {
        let speed = passage.length / passage.seconds
        let sign = passage.isTakenBack ? -1.0 : 1
        passages += sign
        meters += sign * passage.length
        time += sign * passage.seconds
        freeFlowTime += sign * passage.freeFlowSeconds
        weighted += sign * passage.length * speed
        weightedSquares += sign * passage.length * speed * speed
    }

    /// Takes in another sum.
    public mutating func merge(_ other: ProfileSum) {
        passages += other.passages
        meters += other.meters
        time += other.time
        freeFlowTime += other.freeFlowTime
        weighted += other.weighted
        weightedSquares += other.weightedSquares
    }

    /// Makes everything that is known count for a share of what it did.
    public mutating func fade(to share: Double) {
        passages.fade(to: share)
        meters.fade(to: share)
        time.fade(to: share)
        freeFlowTime.fade(to: share)
        weighted.fade(to: share)
        weightedSquares.fade(to: share)
    }

    /// Reads a sum.
    public init(from reader: inout ByteReader) throws(CodecError) {
        passages = try FixedSum(from: &reader)
        meters = try FixedSum(from: &reader)
        time = try FixedSum(from: &reader)
        freeFlowTime = try FixedSum(from: &reader)
        weighted = try FixedSum(from: &reader)
        weightedSquares = try FixedSum(from: &reader)
    }

    /// Writes the sum.
    public func encode(into writer: inout ByteWriter) {
        for sum in [passages, meters, time, freeFlowTime, weighted, weightedSquares] {
            sum.encode(into: &writer)
        }
    }
}
