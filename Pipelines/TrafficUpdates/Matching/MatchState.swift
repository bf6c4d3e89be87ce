internal import Geo
internal import MapMatching
public import Records

/// What the pipeline remembers of a user: the trip as far as no location can change it any more, the locations
/// since, and the timer that ends a silent track.
public struct MatchState: BinaryCodable, Sendable {
    /// The most locations that may still be overtaken; beyond them the oldest can't.
    static let recentLimit = 64

    /// What a location has led to.
    struct Outcome: Sendable {
        var places: [MatchedLocation] = []
        var passages: [SegmentTraversal] = []
        /// The trip behind it; nil: none was kept, as there is one of a moment before.
        var trip: Trip?
    }

    /// The trip as far as no location can change it any more.
    var settled = Trip()
    /// The locations since, in their order.
    var recent: [Observation] = []
    /// Under which rules these were told of; nil: none was.
    var rules: TripRules?
    /// What they have led to, one by one, and the trip behind the last.
    ///
    /// It follows from the two above and isn't written. Nil: it is to be found out.
    var outcomes: [Outcome]?
    var ahead = Trip()
    /// What the watermark waits for until that is found out.
    private var awaited: EventTime?
    /// When the track is looked at again; nil while nothing waits for a decision.
    var timer: EventTime?

    /// Nothing is known.
    init() {}

    /// The trip as far as the locations tell that have come.
    var newestTrip: Trip { outcomes == nil || recent.isEmpty ? settled : ahead }

    /// The oldest location that is not decided: what the watermark waits for, behind a restart too.
    var pendingTime: EventTime? {
        outcomes == nil && !recent.isEmpty ? awaited : newestTrip.lattice.oldestPendingTime
    }

    /// Goes on from the newest trip: what was told of it stands, and nothing overtakes it any more.
    mutating func settleAll() {
        if outcomes != nil, !recent.isEmpty { settled = ahead }
        recent.removeAll()
        outcomes = []
        ahead = settled
    }

    /// Follows the lattice, and its own form.
    public static var codecVersion: UInt32 { Lattice.codecVersion &* 16 &+ 4 }

    /// Reads a state.
    public init(from reader: inout ByteReader) throws(CodecError) {
        settled = try Trip(from: &reader)
        for _ in 0..<(try reader.count(minimumSize: 40)) {
            var observation = Observation(
                time: try EventTime(from: &reader), coordinate: try Coordinate(from: &reader))
            let (heading, speed) = (try reader.double(), try reader.double())
            observation.heading = heading.isNaN ? nil : heading
            observation.speed = speed.isNaN ? nil : speed
            recent.append(observation)
        }
        guard recent.count <= 2 * MatchState.recentLimit else {
            throw .malformed("more locations than may be overtaken")
        }
        if !recent.isEmpty {
            rules = try TripRules?(from: &reader)
            awaited = try EventTime?(from: &reader)
        }
        timer = try EventTime?(from: &reader)
    }

    /// Writes the state.
    public func encode(into writer: inout ByteWriter) {
        settled.encode(into: &writer)
        writer.varint(UInt64(recent.count))
        for observation in recent {
            observation.time.encode(into: &writer)
            observation.coordinate.encode(into: &writer)
            writer.double(observation.heading ?? .nan)
            writer.double(observation.speed ?? .nan)
        }
        if !recent.isEmpty {
            rules.encode(into: &writer)
            pendingTime.encode(into: &writer)
        }
        timer.encode(into: &writer)
    }
}
