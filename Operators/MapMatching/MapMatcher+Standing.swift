internal import Geo
internal import Records
internal import RoadNetwork

extension MapMatcher {
    /// Takes an observation whose turn has come: to the parked vehicle's place, or to the track.
    mutating func accept(
        _ observation: Lattice.Pending, _ lattice: inout Lattice, _ output: inout MatchOutput
    ) {
        guard var dwell = lattice.dwell else {
            lattice.dwell = Dwell(observation)
            match(observation, &lattice, &output)
            return
        }
        let isParked = dwell.parked != nil
        let isPast = observation.time < dwell.since
        let verdict = dwell.note(observation, settings)
        lattice.dwell = dwell
        guard isParked else {
            match(observation, &lattice, &output)
            if verdict == .stays, hasParked(dwell) { park(&lattice, &output) }
            return
        }
        switch verdict {
        case .stays:
            if isPast {
                match(observation, &lattice, &output)
            } else {
                placeParked(&lattice, &output)
                placeParked(observation, dwell, &output)
            }
        case .outside:
            // One odd position moves no parked vehicle; the next one decides.
            lattice.leaving = observation
        case .moved:
            if let first = lattice.leaving {
                lattice.leaving = nil
                match(first, &lattice, &output)
            }
            match(observation, &lattice, &output)
        }
    }

    /// Where a vehicle that surely stands is at an observation: in the mean of its positions since the last step.
    ///
    /// A step of the lattice at every noisy position of a stay would move the vehicle to and fro, across a crossing
    /// and into its side streets. The mean of the whole stay won't do: it may begin with positions of the approach.
    ///
    /// - Returns: nil for one that moves, or may.
    func standingPlace(_ lattice: Lattice, at place: Coordinate) -> Coordinate? {
        let sigma = lattice.noise.sigma(settings)
        guard let dwell = lattice.dwell, dwell.stands(sigma: sigma, settings),
            let step = lattice.steps.last
        else { return nil }
        var (north, east, count) = (0.0, 0.0, 1.0)
        for minor in lattice.minors where minor.time > step.time {
            north += minor.latitude - place.latitude
            east += Longitude.wrapped(minor.longitude - place.longitude)
            count += 1
        }
        let mean = Coordinate(
            latitude: place.latitude + north / count,
            longitude: Longitude.wrapped(place.longitude + east / count))
        return mean.isValid ? mean : nil
    }

    /// Whether so long a stay is no jam: those move on, and nobody drives beside the road.
    private func hasParked(_ dwell: Dwell) -> Bool {
        if dwell.duration >= settings.parkedAfter { return true }
        guard dwell.duration >= settings.parkedAsideAfter, dwell.centre.isValid else {
            return false
        }
        var near: [RoadCandidate] = []
        graph.candidates(near: dwell.centre, radius: settings.asideDistance, limit: 1, into: &near)
        return near.isEmpty
    }

    private mutating func park(_ lattice: inout Lattice, _ output: inout MatchOutput) {
        finish(&lattice, &output)
        let last = output.points.last
        lattice.dwell?.parked = Dwell.Place(
            segment: Int32(last?.segment ?? -1), offset: last?.offset ?? 0)
    }

    /// Places the observation with which a parked vehicle might have left, if it didn't.
    func placeParked(_ lattice: inout Lattice, _ output: inout MatchOutput) {
        guard let leaving = lattice.leaving, let dwell = lattice.dwell else { return }
        placeParked(leaving, dwell, &output)
        lattice.leaving = nil
    }

    private func placeParked(
        _ observation: Lattice.Pending, _ dwell: Dwell, _ output: inout MatchOutput
    ) {
        guard let place = dwell.parked, place.segment >= 0 else {
            output.points.append(observation.unplaced)
            return
        }
        output.points.append(
            MatchedPoint(
                sequence: observation.sequence, time: EventTime(milliseconds: observation.time),
                segment: Int(place.segment), offset: place.offset))
    }
}
