internal import Geo
internal import MapMatching
public import Records
internal import RoadNetwork

/// What the pipeline remembers of a user: the matcher's lattice, the timer that ends a silent track, where the
/// user stands, and how far the trip has come.
public struct MatchState: BinaryCodable, Sendable {
    /// The most metres that may be trimmed of a trip's end.
    static let longestTrim = 5_000.0
    /// The most passages that wait for the vehicle to be far enough behind them.
    static let heldLimit = 512

    /// Where and since when a user hasn't moved.
    struct Stop: Hashable, Sendable {
        var coordinate: Coordinate
        var since: EventTime
    }

    /// A passage that waits, and how many metres of the trip lie behind its end.
    struct Held: Hashable, Sendable {
        var passage: SegmentTraversal
        var end: Double
    }

    var lattice = Lattice()
    /// When the track is looked at again; nil while nothing waits for a decision.
    var timer: EventTime?
    /// Where the user was first seen of late without having moved since.
    var stop: Stop?
    /// Whether the user has stood so long that the trip is over.
    var isParked = false
    /// Where the user was placed last.
    var place: SegmentID?
    var offset = 0.0
    /// Metres of the trip so far.
    var driven = 0.0
    /// When the last passage of the trip ended; nil at the trip's beginning.
    var leftAt: EventTime?
    var held: [Held] = []

    /// Nothing is known.
    init() {}

    /// Follows the lattice, and its own form.
    public static var codecVersion: UInt32 { Lattice.codecVersion &* 16 &+ 2 }

    /// Reads a state.
    public init(from reader: inout ByteReader) throws(CodecError) {
        lattice = try Lattice(from: &reader)
        timer = try EventTime?(from: &reader)
        if try Bool(from: &reader) {
            stop = Stop(
                coordinate: try Coordinate(from: &reader), since: try EventTime(from: &reader))
        }
        isParked = try Bool(from: &reader)
        place = try SegmentID?(from: &reader)
        offset = try reader.double()
        driven = try reader.double()
        leftAt = try EventTime?(from: &reader)
        for _ in 0..<(try reader.count(minimumSize: 16)) {
            held.append(
                Held(passage: try SegmentTraversal(from: &reader), end: try reader.double()))
        }
    }

    /// Writes the state.
    public func encode(into writer: inout ByteWriter) {
        lattice.encode(into: &writer)
        timer.encode(into: &writer)
        (stop != nil).encode(into: &writer)
        if let stop {
            stop.coordinate.encode(into: &writer)
            stop.since.encode(into: &writer)
        }
        isParked.encode(into: &writer)
        place.encode(into: &writer)
        writer.double(offset)
        writer.double(driven)
        leftAt.encode(into: &writer)
        writer.varint(UInt64(held.count))
        for item in held {
            item.passage.encode(into: &writer)
            writer.double(item.end)
        }
    }
}
