internal import MapMatching
internal import RoadNetwork

/// Leaves the beginning and the end of each trip out, so that no passage tells where somebody lives.
struct TripTrim: Sendable {
    /// Metres of a trip's beginning.
    var start: Double
    /// Metres of its end.
    var end: Double

    /// Takes the next passage of a trip and gives out those that are far enough from both its ends.
    ///
    /// Passages that don't join up belong to two trips.
    func take(
        _ traversal: Traversal, userID: String, graph: RoadGraph, _ state: inout MatchState,
        giveOut: (SegmentTraversal) -> Void
    ) {
        if let leftAt = state.leftAt, leftAt != traversal.enterTime { endTrip(&state) }
        let begins = state.driven
        state.driven += traversal.length
        state.leftAt = traversal.leaveTime
        if begins >= start,
            let passage = SegmentTraversal(traversal, userID: userID, graph: graph)
        {
            state.held.append(.init(passage: passage, end: state.driven))
        }
        while let first = state.held.first, state.driven - first.end >= end {
            giveOut(first.passage)
            state.held.removeFirst()
        }
        // Beyond the bound what is oldest is dropped: privacy comes before coverage.
        if state.held.count > MatchState.heldLimit { state.held.removeFirst() }
    }

    /// The trip is over: what still waits for the vehicle to drive on is never given out.
    func endTrip(_ state: inout MatchState) {
        state.held.removeAll()
        state.driven = 0
        state.leftAt = nil
    }
}
