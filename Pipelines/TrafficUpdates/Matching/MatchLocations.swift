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
/// is held at the oldest location that is not decided yet, within the operator's bound; a user that falls silent
/// is decided by a timer. Who stands for ``parkedAfter`` has parked: the trip is over, and what comes from there
/// is placed where the trip ended and matched no more.
public struct MatchLocations: ProcessFunction {
    private var matcher: MapMatcher
    private var output = MatchOutput()
    private let trim: TripTrim
    /// How long after its newest location all of a track is decided, in milliseconds of event time.
    private static let silence: Int64 = 60_000
    /// How long a vehicle stands before it counts as parked, in milliseconds: longer than a red light or a jam's
    /// stop.
    static let parkedAfter: Int64 = 300_000
    /// How far a standing vehicle's locations may stray from the first of them, in metres.
    static let standingRadius = 40.0

    /// Matches to `roads`.
    ///
    /// - Parameters:
    ///   - trimStart: metres of a trip's beginning of which no passage is given out.
    ///   - trimEnd: metres of its end; each passage waits until the vehicle is so far behind it.
    public init(
        roads: RoadGraph, settings: MatcherSettings, trimStart: Double = 0, trimEnd: Double = 0
    ) {
        matcher = MapMatcher(graph: roads, settings: settings)
        trim = TripTrim(start: trimStart, end: trimEnd)
    }

    /// A user of whom nothing is known.
    public mutating func initialState(of key: String) -> MatchState { MatchState() }

    /// Takes a location.
    public mutating func process(
        _ input: LocationUpdate, at time: EventTime, key: String, state: inout MatchState,
        context: inout ProcessContext<MatchEvent>
    ) {
        let coordinate = Coordinate(latitude: input.latitude, longitude: input.longitude)
        if isParked(at: coordinate, input.observedAt, key, &state, &context) {
            let place = MatchedLocation(
                userID: key, observedAt: input.observedAt, segment: state.place,
                offset: state.offset)
            context.emit(.location(place), at: input.observedAt)
            return
        }
        let observation = Observation(
            time: input.observedAt, coordinate: coordinate, heading: input.heading,
            speed: input.speed)
        matcher.advance(&state.lattice, with: observation, into: &output)
        emit(key, &state, &context)
        if state.timer == nil, !state.lattice.isEmpty {
            watch(&state, &context, after: Self.silence)
        }
    }

    /// Whether the user still stands where it has stood for long; ends the trip when that becomes so.
    private mutating func isParked(
        at coordinate: Coordinate, _ time: EventTime, _ key: String, _ state: inout MatchState,
        _ context: inout ProcessContext<MatchEvent>
    ) -> Bool {
        guard let stop = state.stop,
            stop.coordinate.distance(to: coordinate) <= MatchLocations.standingRadius
        else {
            // A location from before the stop says nothing of what came after.
            if let stop = state.stop, time < stop.since { return state.isParked }
            state.stop = .init(coordinate: coordinate, since: time)
            state.isParked = false
            return false
        }
        if !state.isParked, time.millisecondsSince(stop.since) >= MatchLocations.parkedAfter {
            state.isParked = true
            matcher.flush(&state.lattice, into: &output)
            emit(key, &state, &context)
            trim.endTrip(&state)
        }
        return state.isParked
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
            emit(key, &state, &context)
        } else if newest.advanced(byMilliseconds: Self.silence) <= time {
            matcher.settle(&state.lattice, into: &output)
            emit(key, &state, &context)
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

    private mutating func emit(
        _ userID: String, _ state: inout MatchState, _ context: inout ProcessContext<MatchEvent>
    ) {
        for point in output.points {
            let segment = point.segment.map { matcher.graph.id(of: $0) }
            (state.place, state.offset) = (segment, point.offset)
            context.emit(
                .location(
                    MatchedLocation(
                        userID: userID, observedAt: point.time, segment: segment,
                        offset: point.offset)),
                at: point.time)
        }
        for traversal in output.traversals {
            trim.take(traversal, userID: userID, graph: matcher.graph, &state) { passage in
                context.emit(.traversal(passage), at: passage.leftAt)
            }
        }
        output.removeAll()
    }
}
