internal import Geo
internal import MapMatching
internal import Records
internal import RoadNetwork

/// Matches a user's locations one by one, and puts those that were overtaken where they belong.
///
/// What a location leads to is said at once. One that comes late, but within ``reorder`` of the newest, takes the
/// trip back to the moment before it; the locations since are matched again, and what was said of them and is no
/// longer so is taken back. So nothing waits for order, and what stands in the end is the same for every order of
/// arrival within the bound.
struct TripMatcher {
    private var matcher: MapMatcher
    private var output = MatchOutput()
    private var trim: TripTrim
    private let pseudonyms: Pseudonyms
    /// By how much a location may be overtaken, in milliseconds of event time.
    private let reorder: Int64
    private let rules: TripRules
    /// How long after its newest location all of a track is decided, in milliseconds of event time: longer than the
    /// pause between two locations that come every minute.
    static let silence: Int64 = 90_000
    /// A trip is kept every so many milliseconds, so that there are few.
    private static let keptEvery: Int64 = 4_000

    init(
        _ matcher: MapMatcher, trim: TripTrim, pseudonyms: Pseudonyms, reorder: Int64
    ) {
        self.matcher = matcher
        self.trim = trim
        self.pseudonyms = pseudonyms
        self.reorder = max(0, reorder)
        rules = TripRules(
            trim: trim, lagBound: matcher.settings.lagBound, keyMark: pseudonyms.mark)
    }

    /// The matcher of a pipeline with these parameters.
    ///
    /// - Parameter settings: in place of those that follow from the parameters.
    init(
        roads: RoadGraph, _ p: TrafficUpdates.Parameters, settings: MatcherSettings? = nil
    ) throws {
        self.init(
            MapMatcher(graph: roads, settings: settings ?? p.matcher),
            trim: TripTrim(start: p.trimStart, end: p.trimEnd),
            pseudonyms: try Pseudonyms(
                keyFile: p.pseudonymKeyFile, week: p.week),
            // What can't be is a fault of the definition, which is told elsewhere.
            reorder: Int64(exactly: (p.reorder * 1_000).rounded()) ?? 0)
    }

    /// The longest silence within a track, in milliseconds.
    var longestGap: Int64 { matcher.settings.longestGap }

    /// Takes a location.
    ///
    /// - Returns: what is to be said: places and passages that are new, and passages that are taken back.
    mutating func take(
        _ observation: Observation, of user: String, _ state: inout MatchState
    ) -> MatchState.Outcome {
        findOut(user, &state)
        guard reorder > 0 else {
            // There may be some of a time when locations could be overtaken.
            if !state.recent.isEmpty { state.settleAll() }
            state.ahead = Trip()
            return step(observation, user, &state.settled)
        }
        var place = state.recent.count
        while place > 0, TripMatcher.precedes(observation, state.recent[place - 1]) { place -= 1 }
        defer { settle(&state) }
        if place == state.recent.count {
            state.recent.append(observation)
            let outcome = next(place, user, &state)
            return .init(places: outcome.places, passages: outcome.passages)
        }
        let start = 1 + (state.outcomes?.prefix(place).lastIndex { $0.trip != nil } ?? -1)
        let said = Array(state.outcomes?[start...] ?? [])
        state.outcomes?.removeLast(said.count)
        state.ahead = (start > 0 ? state.outcomes?[start - 1].trip : nil) ?? state.settled
        state.recent.insert(observation, at: place)
        var new: [MatchState.Outcome] = []
        for index in start..<state.recent.count { new.append(next(index, user, &state)) }
        return TripMatcher.correction(of: said, by: new)
    }

    /// Ends the waiting for what was overtaken, and decides on everything that is known.
    ///
    /// - Parameter ends: whether the track is over.
    mutating func decide(
        of user: String, ends: Bool, _ state: inout MatchState
    ) -> MatchState.Outcome {
        findOut(user, &state)
        state.settleAll()
        let outcome = decide(user, ends: ends, &state.settled)
        state.ahead = state.settled
        return outcome
    }

    /// Finds out what the recent locations have led to, after a restart.
    ///
    /// What was told of them under other rules can't be corrected under these: the trip is followed to its end under
    /// the rules of then, nothing of it is told again or taken back, and nothing overtakes it any more.
    mutating func findOut(_ user: String, _ state: inout MatchState) {
        guard state.outcomes == nil else { return }
        state.outcomes = []
        state.ahead = state.settled
        let told = state.rules ?? rules
        state.rules = rules
        guard told != rules else {
            for index in state.recent.indices { _ = next(index, user, &state) }
            return
        }
        (trim, matcher.settings.lagBound) = (told.trim, told.lagBound)
        for observation in state.recent { _ = step(observation, user, &state.ahead) }
        (trim, matcher.settings.lagBound) = (rules.trim, rules.lagBound)
        state.settleAll()
    }

    /// Matches a recent location; those before it are matched.
    private mutating func next(
        _ index: Int, _ user: String, _ state: inout MatchState
    ) -> MatchState.Outcome {
        var outcome = step(state.recent[index], user, &state.ahead)
        let kept = state.outcomes?.lastIndex { $0.trip != nil }
        let since =
            kept.map { state.recent[$0].time } ?? state.settled.lattice.newestObservationTime
        let isFar =
            since.map {
                state.recent[index].time.millisecondsSince($0) >= TripMatcher.keptEvery
            } ?? true
        if isFar || index - (kept ?? -1) >= MatchState.recentLimit / 4 {
            outcome.trip = state.ahead
        }
        state.outcomes?.append(outcome)
        return outcome
    }

    /// Lets go of the locations that nothing can overtake any more.
    private func settle(_ state: inout MatchState) {
        guard let newest = state.recent.last?.time, let outcomes = state.outcomes else { return }
        let bound = newest.advanced(byMilliseconds: -reorder)
        let count =
            1
            + (outcomes.indices.last { index in
                outcomes[index].trip != nil
                    && (state.recent[index].time <= bound
                        || state.recent.count - index > MatchState.recentLimit)
            } ?? -1)
        guard count > 0, let trip = outcomes[count - 1].trip else { return }
        state.settled = trip
        state.recent.removeFirst(count)
        state.outcomes?.removeFirst(count)
    }

    // MARK: One location

    private mutating func step(
        _ observation: Observation, _ user: String, _ trip: inout Trip
    ) -> MatchState.Outcome {
        var outcome = MatchState.Outcome()
        // Whether the timer comes before the location or behind it must make no difference.
        let newest = trip.lattice.newestObservationTime
        let silence = newest.map { observation.time.millisecondsSince($0) } ?? 0
        if silence >= TripMatcher.silence {
            outcome = decide(user, ends: silence >= longestGap, &trip)
        }
        matcher.advance(&trip.lattice, with: observation, into: &output)
        let more = drain(user, &trip)
        outcome.places += more.places
        outcome.passages += more.passages
        if trip.lattice.isParked { trim.endTrip(&trip) }
        return outcome
    }

    private mutating func decide(
        _ user: String, ends: Bool, _ trip: inout Trip
    ) -> MatchState.Outcome {
        // Before the end there is silence, whether its timer came or not.
        matcher.settle(&trip.lattice, into: &output)
        if ends { matcher.flush(&trip.lattice, into: &output) }
        let outcome = drain(user, &trip)
        if ends { trim.endTrip(&trip) }
        return outcome
    }

    private mutating func drain(_ user: String, _ trip: inout Trip) -> MatchState.Outcome {
        var outcome = MatchState.Outcome()
        for point in output.points {
            outcome.places.append(
                MatchedLocation(
                    userID: user, observedAt: point.time,
                    segment: point.segment.map { matcher.graph.id(of: $0) }, offset: point.offset))
        }
        for traversal in output.traversals {
            let passage = SegmentTraversal(
                traversal, userID: user, graph: matcher.graph, pseudonyms: pseudonyms)
            trim.take(traversal, passage, &trip) { outcome.passages.append($0) }
        }
        output.removeAll()
        return outcome
    }

    // MARK: Corrections

    /// What is to be said after `said`, so that `new` stands.
    private static func correction(
        of said: [MatchState.Outcome], by new: [MatchState.Outcome]
    ) -> MatchState.Outcome {
        let (before, after) = (said.flatMap(\.passages), new.flatMap(\.passages))
        var correction = MatchState.Outcome(
            places: missing(said.flatMap(\.places), from: new.flatMap(\.places)))
        correction.passages =
            missing(after, from: before).map(\.takenBack) + missing(before, from: after)
        return correction
    }

    /// What is in `all` more often than in `known`, in its order.
    private static func missing<Value: Hashable>(_ known: [Value], from all: [Value]) -> [Value] {
        var counts: [Value: Int] = [:]
        for value in known { counts[value, default: 0] += 1 }
        return all.filter { value in
            guard let count = counts[value], count > 0 else { return true }
            counts[value] = count - 1
            return false
        }
    }

    /// By time; at one time by content, so that the order of arrival doesn't matter.
    private static func precedes(_ a: Observation, _ b: Observation) -> Bool {
        (a.time.milliseconds, a.coordinate.latitude, a.coordinate.longitude)
            < (b.time.milliseconds, b.coordinate.latitude, b.coordinate.longitude)
    }
}
