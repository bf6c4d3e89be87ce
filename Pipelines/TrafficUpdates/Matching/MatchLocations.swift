public import LocationIngest
internal import MapMatching
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
/// The user's trip is the function's state, so a restart goes on in the middle of it. Event time is held at the
/// oldest location that is not decided yet, within the operator's bound; a user that falls silent is decided by
/// a timer.
public struct MatchLocations: ProcessFunction {
    private var trips: TripMatcher
    private let tellsPlaces: Bool

    /// Matches to `roads` as a pipeline's parameters say.
    ///
    /// - Throws: `DataflowError` for a pseudonyms' key that can't be read.
    public init(roads: RoadGraph, parameters: TrafficUpdates.Parameters) throws {
        trips = try TripMatcher(roads: roads, parameters)
        tellsPlaces = !parameters.matchedLocations.isEmpty
    }

    /// A user of whom nothing is known.
    public mutating func initialState(of key: String) -> MatchState { MatchState() }

    /// Takes a location.
    public mutating func process(
        _ input: LocationUpdate, at time: EventTime, key: String, state: inout MatchState,
        context: inout ProcessContext<MatchEvent>
    ) {
        // Not in the call of `emit`: that would hold a copy of the matcher meanwhile, with all its scratch memory.
        let outcome = trips.take(input.observation, of: key, &state)
        emit(outcome, &context)
        if state.timer == nil, !state.newestTrip.lattice.isEmpty {
            watch(&state, &context, after: TripMatcher.silence)
        }
    }

    /// Decides on a track that has been silent for a while, closes it when the matcher would break it anyway,
    /// or looks again later.
    public mutating func timer(
        at time: EventTime, key: String, state: inout MatchState,
        context: inout ProcessContext<MatchEvent>
    ) {
        state.timer = nil
        trips.findOut(key, &state)
        guard let newest = state.newestTrip.lattice.newestObservationTime else { return }
        if newest.advanced(byMilliseconds: trips.longestGap) <= time || context.watermark == .max {
            let outcome = trips.decide(of: key, ends: true, &state)
            emit(outcome, &context)
        } else if newest.advanced(byMilliseconds: TripMatcher.silence) <= time {
            let outcome = trips.decide(of: key, ends: false, &state)
            emit(outcome, &context)
            watch(&state, &context, after: trips.longestGap)
        } else {
            watch(&state, &context, after: TripMatcher.silence)
        }
    }

    /// The watermark waits for the oldest location that is not decided.
    public func pendingTime(of state: MatchState) -> EventTime? {
        state.pendingTime
    }

    private func watch(
        _ state: inout MatchState, _ context: inout ProcessContext<MatchEvent>,
        after milliseconds: Int64
    ) {
        guard let newest = state.newestTrip.lattice.newestObservationTime else { return }
        let time = newest.advanced(byMilliseconds: milliseconds)
        state.timer = time
        context.setTimer(at: time)
    }

    private func emit(
        _ outcome: MatchState.Outcome, _ context: inout ProcessContext<MatchEvent>
    ) {
        if tellsPlaces {
            for place in outcome.places { context.emit(.location(place), at: place.observedAt) }
        }
        for passage in outcome.passages { context.emit(.traversal(passage), at: passage.leftAt) }
    }
}
