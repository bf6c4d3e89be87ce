internal import MapMatching
internal import Records

/// All that follows from a user's locations in their order: the matcher's lattice and how far the trip has come.
struct Trip: BinaryCodable, Sendable {
    /// The most metres that may be trimmed of a trip's end.
    static let longestTrim = 5_000.0
    /// The most passages that wait for the vehicle to be far enough behind them.
    static let heldLimit = 512

    /// A passage that waits, and how many metres of the trip lie behind its end.
    struct Held: Hashable, Sendable {
        var passage: SegmentTraversal
        var end: Double
    }

    var lattice = Lattice()
    /// Metres of the trip so far.
    var driven = 0.0
    /// When the last passage of the trip ended; nil at the trip's beginning.
    var leftAt: EventTime?
    var held: [Held] = []

    /// Nothing is known.
    init() {}

    init(from reader: inout ByteReader) throws(CodecError) {
        lattice = try Lattice(from: &reader)
        driven = try reader.double()
        leftAt = try EventTime?(from: &reader)
        for _ in 0..<(try reader.count(minimumSize: 16)) {
            held.append(
                Held(passage: try SegmentTraversal(from: &reader), end: try reader.double()))
        }
    }

    func encode(into writer: inout ByteWriter) {
        lattice.encode(into: &writer)
        writer.double(driven)
        leftAt.encode(into: &writer)
        writer.varint(UInt64(held.count))
        for item in held {
            item.passage.encode(into: &writer)
            writer.double(item.end)
        }
    }
}
