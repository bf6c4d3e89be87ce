public import MapMatching
public import RoadNetwork

/// Follows users' trips as the pipeline does, without the pipeline: the same matcher, corrections and trims, one
/// location after the other in the order of their arrival.
///
/// For whoever judges: it says which location leads to which passage. All users are kept, without a bound.
public struct TripFollower {
    /// What follows from a location.
    public struct Outcome: Sendable {
        /// Where this and earlier locations were placed; what is said of a location last counts.
        public let places: [MatchedLocation]
        /// Passages that are told or taken back, as the topic `traversals` tells them.
        public let passages: [SegmentTraversal]
    }

    private var trips: TripMatcher
    private var states: [String: MatchState] = [:]

    /// Knows of no trip.
    ///
    /// - Parameters:
    ///   - roads: the map.
    ///   - parameters: the pipeline's.
    ///   - settings: the matcher's, in place of those that follow from the parameters.
    /// - Throws: `DataflowError` for a pseudonyms' key that can't be read.
    public init(
        roads: RoadGraph, parameters: TrafficUpdates.Parameters, settings: MatcherSettings? = nil
    ) throws {
        trips = try TripMatcher(roads: roads, parameters, settings: settings)
    }

    /// Takes a user's next location.
    public mutating func take(_ observation: Observation, of user: String) -> Outcome {
        Outcome(trips.take(observation, of: user, &states[user, default: MatchState()]))
    }

    /// Ends a user's trip: there is nothing more to come.
    public mutating func end(_ user: String) -> Outcome {
        guard var state = states.removeValue(forKey: user) else { return Outcome(.init()) }
        return Outcome(trips.decide(of: user, ends: true, &state))
    }
}

extension TripFollower.Outcome {
    init(_ outcome: MatchState.Outcome) {
        places = outcome.places
        passages = outcome.passages.map(\.asVehicle)
    }
}
