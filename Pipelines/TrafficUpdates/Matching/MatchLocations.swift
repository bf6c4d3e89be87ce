internal import Geo
public import LocationIngest
public import MapMatching
public import Records
public import RoadNetwork
public import State
public import Transforms

/// What follows from a location: where earlier ones were placed, and passages that they complete.
public enum MatchEvent: Sendable {
    /// A location was placed on a road, or could not be.
    case location(MatchedLocation)
    /// A segment was passed, or a good part of it.
    case traversal(SegmentTraversal)

    /// The location, if that is what it says.
    var location: MatchedLocation? {
        if case .location(let location) = self { location } else { nil }
    }

    /// The passage, if that is what it says.
    var traversal: SegmentTraversal? {
        if case .traversal(let traversal) = self { traversal } else { nil }
    }
}

/// Places each user's locations on the roads while they come: the matcher as a process function.
///
/// The lattice of a user is the function's state, so a restart goes on in the middle of a trip. Event time
/// is held at the oldest location that is not decided yet, at most by the matcher's lag bound; a user that
/// falls silent is decided by a timer.
public struct MatchLocations: ProcessFunction {
    private var matcher: MapMatcher
    private var output = MatchOutput()
    /// How long after its newest location all of a track is decided, in milliseconds of event time.
    private static let silence: Int64 = 60_000

    /// Matches to `roads`.
    public init(roads: RoadGraph, settings: MatcherSettings) {
        matcher = MapMatcher(graph: roads, settings: settings)
    }

    /// A user of whom nothing is known.
    public mutating func initialState(of key: String) -> MatchState { MatchState() }

    /// Takes a location.
    public mutating func process(
        _ input: LocationUpdate, at time: EventTime, key: String, state: inout MatchState,
        context: inout ProcessContext<MatchEvent>
    ) {
        let observation = Observation(
            time: input.observedAt,
            coordinate: Coordinate(latitude: input.latitude, longitude: input.longitude))
        matcher.advance(&state.lattice, with: observation, into: &output)
        emit(key, &context)
        if state.timer == nil, !state.lattice.isEmpty {
            watch(&state, &context, after: Self.silence)
        }
    }

    /// Decides on a track that has been silent for a while, closes it when the matcher would break it anyway,
    /// or looks again later.
    public mutating func timer(
        at time: EventTime, key: String, state: inout MatchState,
        context: inout ProcessContext<MatchEvent>
    ) {
        state.timer = nil
        guard let newest = state.lattice.newestObservationTime else { return }
        if newest.advanced(byMilliseconds: matcher.settings.longestGap) <= time
            || context.watermark == .max
        {
            matcher.flush(&state.lattice, into: &output)
            emit(key, &context)
        } else if newest.advanced(byMilliseconds: Self.silence) <= time {
            matcher.settle(&state.lattice, into: &output)
            emit(key, &context)
            watch(&state, &context, after: matcher.settings.longestGap)
        } else {
            watch(&state, &context, after: Self.silence)
        }
    }

    /// The watermark waits for the oldest location that is not decided.
    public func pendingTime(of state: MatchState) -> EventTime? { state.lattice.oldestPendingTime }

    private func watch(
        _ state: inout MatchState, _ context: inout ProcessContext<MatchEvent>,
        after milliseconds: Int64
    ) {
        guard let newest = state.lattice.newestObservationTime else { return }
        let time = newest.advanced(byMilliseconds: milliseconds)
        state.timer = time
        context.setTimer(at: time)
    }

    private mutating func emit(_ userID: String, _ context: inout ProcessContext<MatchEvent>) {
        for point in output.points {
            let segment = point.segment.map { matcher.graph.id(of: $0) }
            context.emit(
                .location(
                    MatchedLocation(
                        userID: userID, observedAt: point.time, segment: segment,
                        offset: point.offset)),
                at: point.time)
        }
        for traversal in output.traversals {
            guard
                let passage = SegmentTraversal(
                    traversal, userID: userID, graph: matcher.graph)
            else { continue }
            context.emit(.traversal(passage), at: passage.leftAt)
        }
        output.removeAll()
    }
}
