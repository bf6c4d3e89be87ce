public import Records

/// What is known of a segment's speed from many passages: sums that merge and fade.
public struct ProfileSum: Hashable, Sendable, BinaryCodable {
    /// How many passages, the faded ones counted in part.
    public private(set) var count = 0.0
    private var meters = 0.0
    private var seconds = 0.0
    private var freeFlowSeconds = 0.0
    /// The passages' speeds and their squares, weighted by metres.
    private var weighted = 0.0
    private var weightedSquares = 0.0

    /// Knows of no passage.
    public init() {}

    /// The harmonic mean of the speeds in m/s, weighted by metres; 0 before the first passage.
    public var mean: Double { seconds > 0 ? meters / seconds : 0 }

    /// The variance of the speeds in m²/s², weighted by metres.
    public var variance: Double {
        guard meters > 0 else { return 0 }
        let mean = weighted / meters
        return max(0, weightedSquares / meters - mean * mean)
    }

    /// The speed in m/s when nothing is in the way; 0 before the first passage.
    public var freeFlow: Double { freeFlowSeconds > 0 ? meters / freeFlowSeconds : 0 }

    /// Takes a passage in.
    public mutating func add(_ passage: SegmentTraversal) {
        let speed = passage.length / passage.seconds
        count += 1
        meters += passage.length
        seconds += passage.seconds
        freeFlowSeconds += passage.freeFlowSeconds
        weighted += passage.length * speed
        weightedSquares += passage.length * speed * speed
    }

    /// Takes in another sum.
    public mutating func merge(_ other: ProfileSum) {
        count += other.count
        meters += other.meters
        seconds += other.seconds
        freeFlowSeconds += other.freeFlowSeconds
        weighted += other.weighted
        weightedSquares += other.weightedSquares
    }

    /// Makes everything that is known count for a share of what it did.
    public mutating func fade(to share: Double) {
        count *= share
        meters *= share
        seconds *= share
        freeFlowSeconds *= share
        weighted *= share
        weightedSquares *= share
    }

    /// Reads a sum.
    public init(from reader: inout ByteReader) throws(CodecError) {
        count = try reader.double()
        meters = try reader.double()
        seconds = try reader.double()
        freeFlowSeconds = try reader.double()
        weighted = try reader.double()
        weightedSquares = try reader.double()
    }

    /// Writes the sum.
    public func encode(into writer: inout ByteWriter) {
        writer.double(count)
        writer.double(meters)
        writer.double(seconds)
        writer.double(freeFlowSeconds)
        writer.double(weighted)
        writer.double(weightedSquares)
    }
}
