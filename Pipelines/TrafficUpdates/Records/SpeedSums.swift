package import Records

/// What passages over a segment add up to: metres, seconds, seconds at free flow, and speeds.
///
/// The sums are of whole millionths, so that no order of coming changes them.
package struct SpeedSums: Hashable, Sendable, BinaryCodable {
    private(set) var metres = FixedSum()
    private(set) var seconds = FixedSum()
    private(set) var freeFlowSeconds = FixedSum()
    /// The passages' speeds and their squares, weighted by metres.
    private var weighted = FixedSum()
    private var weightedSquares = FixedSum()

    /// Knows of no passage.
    package init() {}

    /// The harmonic mean of the speeds in m/s, weighted by metres; 0 before the first passage.
    package var harmonicMean: Double { seconds.value > 0 ? metres.value / seconds.value : 0 }

    /// The variance of the speeds in m²/s², weighted by metres.
    package var variance: Double {
        guard metres.value > 0 else { return 0 }
        let mean = weighted.value / metres.value
        return max(0, weightedSquares.value / metres.value - mean * mean)
    }

    /// Takes a passage in, or takes it back.
    package mutating func add(_ passage: SegmentTraversal) {
        let speed = passage.length / passage.seconds
        let sign = passage.isTakenBack ? -1.0 : 1
        metres += sign * passage.length
        seconds += sign * passage.seconds
        freeFlowSeconds += sign * passage.freeFlowSeconds
        weighted += sign * passage.length * speed
        weightedSquares += sign * passage.length * speed * speed
    }

    /// Takes in other sums.
    mutating func merge(_ other: SpeedSums) {
        metres += other.metres
        seconds += other.seconds
        freeFlowSeconds += other.freeFlowSeconds
        weighted += other.weighted
        weightedSquares += other.weightedSquares
    }

    /// Makes everything count for a share of what it did.
    mutating func fade(to share: Double) {
        metres.fade(to: share)
        seconds.fade(to: share)
        freeFlowSeconds.fade(to: share)
        weighted.fade(to: share)
        weightedSquares.fade(to: share)
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        metres = try FixedSum(from: &reader)
        seconds = try FixedSum(from: &reader)
        freeFlowSeconds = try FixedSum(from: &reader)
        weighted = try FixedSum(from: &reader)
        weightedSquares = try FixedSum(from: &reader)
    }

    package func encode(into writer: inout ByteWriter) {
        metres.encode(into: &writer)
        seconds.encode(into: &writer)
        freeFlowSeconds.encode(into: &writer)
        weighted.encode(into: &writer)
        weightedSquares.encode(into: &writer)
    }

    /// Reads what ``encodeCompact(into:)`` wrote.
    init(compact reader: inout ByteReader) throws(CodecError) {
        metres = try FixedSum(compact: &reader)
        seconds = try FixedSum(compact: &reader)
        freeFlowSeconds = try FixedSum(compact: &reader)
        weighted = try FixedSum(compact: &reader)
        weightedSquares = try FixedSum(compact: &reader)
    }

    /// Writes the sums in fewer bytes the smaller they are.
    func encodeCompact(into writer: inout ByteWriter) {
        metres.encodeCompact(into: &writer)
        seconds.encodeCompact(into: &writer)
        freeFlowSeconds.encodeCompact(into: &writer)
        weighted.encodeCompact(into: &writer)
        weightedSquares.encodeCompact(into: &writer)
    }
}
