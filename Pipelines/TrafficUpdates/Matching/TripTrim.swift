internal import MapMatching
internal import RoadNetwork

/// Leaves the beginning and the end of each trip out, so that no passage tells where somebody lives.
struct TripTrim: Hashable, Sendable {
    /// Metres of a trip's beginning.
    var start: Double
    /// Metres of its end.
    var end: Double

    /// Takes the next passage of a trip and gives out those that are far enough from both its ends.
    ///
    /// Passages that don't join up belong to two trips.
    ///
    /// - Parameter passage: what the pipeline says of the traversal; nil: too little to be told.
    func take(
        _ traversal: Traversal, _ passage: SegmentTraversal?, _ trip: inout Trip,
        giveOut: (SegmentTraversal) -> Void
    ) {
        if let leftAt = trip.leftAt, leftAt != traversal.enterTime { endTrip(&trip) }
        let begins = trip.driven
        trip.driven += traversal.length
        trip.leftAt = traversal.leaveTime
        if begins >= start, let passage {
            trip.held.append(.init(passage: passage, end: trip.driven))
        }
        while let first = trip.held.first, trip.driven - first.end >= end {
            giveOut(first.passage)
            trip.held.removeFirst()
        }
        // Beyond the bound what is oldest is dropped: privacy comes before coverage.
        if trip.held.count > Trip.heldLimit { trip.held.removeFirst() }
    }

    /// The trip is over: what still waits for the vehicle to drive on is never given out.
    func endTrip(_ trip: inout Trip) {
        trip.held.removeAll()
        trip.driven = 0
        trip.leftAt = nil
    }
}
