internal import MapMatching
public import Records

/// What the pipeline remembers of a user: the matcher's lattice and the timer that ends a silent track.
public struct MatchState: BinaryCodable, Sendable {
    var lattice = Lattice()
    /// When the track is looked at again; nil while nothing waits for a decision.
    var timer: EventTime?

    /// Nothing is known.
    init() {}

    /// Follows the lattice.
    public static var codecVersion: UInt32 { Lattice.codecVersion }

    /// Reads a state.
    public init(from reader: inout ByteReader) throws(CodecError) {
        lattice = try Lattice(from: &reader)
        timer = try EventTime?(from: &reader)
    }

    /// Writes the state.
    public func encode(into writer: inout ByteWriter) {
        lattice.encode(into: &writer)
        timer.encode(into: &writer)
    }
}
