internal import Foundation
internal import Geo
internal import RoadNetwork

/// What is known between two steps before a way is looked for.
struct Leg {
    /// Metres as the crow flies.
    var straight: Double
    /// The scale of the difference to the way driven.
    var beta: Double
    /// The time between the two.
    var seconds: Double
    /// The standard deviation of the user's positions.
    var sigma: Float
}

/// The best way found so far to one of the places of a new step.
struct Arrival {
    var score: Float
    var back: Int16
    var turns: Bool
    var offset: Float
    var routeCount: Int32
}

extension MapMatcher {
    /// The log-probability of an observation made at a place, up to a constant.
    func emission(
        _ candidate: RoadCandidate, _ observation: Lattice.Pending, sigma: Float
    ) -> Float {
        let deviation = candidate.distance / sigma
        var score = -0.5 * deviation * deviation
        // A heading says little about a car that hardly moves.
        if observation.heading.isFinite, !(observation.speed < 2) {
            let radians = observation.heading * .pi / 180
            let along =
                Float(sin(radians)) * candidate.east + Float(cos(radians)) * candidate.north
            score -= 2.5 * (1 - along)
        }
        return score
    }

    /// Adds a step with the best path to each of its places; false, with nothing added, when no way
    /// leads there.
    mutating func connect(_ observation: Lattice.Pending, _ lattice: inout Lattice) -> Bool {
        let last = lattice.steps.count - 1
        let straight = lattice.steps[last].distance(to: observation)
        let seconds = Double(observation.time - lattice.steps[last].time) / 1_000
        let noise = Double(lattice.noise.ratio(settings))
        let beta = settings.beta * noise + settings.betaPerMeter * straight
        let leg = Leg(
            straight: straight, beta: beta, seconds: seconds,
            sigma: Float(settings.sigma * noise))
        let reachable = min(settings.longestRoute, seconds * settings.topSpeed + 100)
        targets.removeAll(keepingCapacity: true)
        for candidate in found { targets.append(graph.segments[candidate.segment].from) }
        // What lies outside the beam needs no search; only where nothing lies inside it, look on.
        let near = straight + settings.beam * beta
        for bound in [near, 4 * near + 500] where bound == near || near < reachable {
            resetArrivals()
            for place in lattice.range(last) {
                arrive(
                    from: lattice.candidates[place], at: place - lattice.range(last).lowerBound,
                    leg,
                    bound: min(bound, reachable))
            }
            if keepArrivals(observation, &lattice) { return true }
        }
        return false
    }

    private mutating func resetArrivals() {
        arrivals.removeAll(keepingCapacity: true)
        for _ in found {
            arrivals.append(
                Arrival(score: -.infinity, back: -1, turns: false, offset: 0, routeCount: 0))
        }
        let needed = found.count * Lattice.routeLimit
        if arrivalRoutes.count < needed {
            arrivalRoutes = [Int32](repeating: 0, count: needed)
        }
    }

    /// Tries every place of the new step from one place of the last.
    private mutating func arrive(
        from start: Lattice.Candidate, at place: Int, _ leg: Leg, bound: Double
    ) {
        let record = graph.segments[start.segment]
        let rest = record.length - start.offset
        let limit = Float(bound) - rest
        if limit >= 0 {
            search.run(
                from: record.to,
                weight: .init(
                    perMeter: Float(1 / leg.beta), perSecond: Float(settings.secondCost),
                    perChoice: Float(settings.choiceCost)),
                limit: .infinity, reach: limit, targets: targets, banned: record.reverse)
        }
        for index in found.indices {
            let candidate = found[index]
            if candidate.segment == start.segment,
                let straying = straying(start.offset - candidate.offset, leg)
            {
                // Noise moves a slow car backwards; the car stays.
                let length = max(0, candidate.offset - start.offset)
                offer(
                    index, start, place, length, leg,
                    penalty: straying
                        + prior(seconds: length * record.seconds / record.length, leg),
                    turns: false,
                    offset: max(candidate.offset, start.offset), route: nil)
            } else if candidate.segment == record.reverse {
                let turn = max(start.offset, record.length - candidate.offset)
                let length = 2 * turn - start.offset - (record.length - candidate.offset)
                offer(
                    index, start, place, length, leg,
                    penalty: Float(settings.uTurnCost), turns: true, offset: candidate.offset,
                    route: nil)
            }
            guard limit >= 0, search.cost(to: targets[index]) != nil else { continue }
            let along = search.along(to: targets[index], into: candidate.segment)
            let arrivedBy = search.segment(into: targets[index])
            let before = arrivedBy < 0 ? start.segment : arrivedBy
            let isTurn = graph.segments[before].reverse == candidate.segment
            if arrivedBy < 0 && isTurn { continue }
            // The ends are driven at the pace of their segments.
            let end = graph.segments[candidate.segment]
            let seconds =
                rest * record.seconds / record.length + along.seconds
                + candidate.offset * end.seconds / end.length
            if isTooFast(seconds, leg) { continue }
            let penalty =
                prior(seconds: seconds, leg) + Float(settings.choiceCost) * along.choices
                + (isTurn ? Float(settings.uTurnCost) : 0)
            offer(
                index, start, place, rest + along.meters + candidate.offset, leg,
                penalty: penalty, turns: false, offset: candidate.offset, route: targets[index])
        }
    }

    /// What it costs to believe that a car stands which was seen so many metres behind its place.
    ///
    /// It is held at the farthest place that it was seen at, so three standard deviations are common; beyond, it is
    /// the difference of two positions, whose variance is twice that of one. Who stands for minutes is seen five and
    /// six behind its place once in a while, and has not turned.
    ///
    /// - Returns: nil where a U-turn is likelier.
    private func straying(_ back: Float, _ leg: Leg) -> Float? {
        let deviations = back / leg.sigma
        guard deviations > 3 else { return 0 }
        let cost = (deviations * deviations - 9) / 4
        return cost <= Float(settings.uTurnCost) ? cost : nil
    }

    /// Whether nobody drives a way of `seconds` at free flow in the leg's time: some drive at twice the pace of
    /// free flow where that is low, nobody at four times.
    private func isTooFast(_ seconds: Float, _ leg: Leg) -> Bool {
        Double(seconds / 4 - 2) > leg.seconds
    }

    /// What it costs to believe in a way of `seconds` at free flow, whatever was observed: drivers prefer fast
    /// ways, and few are much faster than free flow.
    private func prior(seconds: Float, _ leg: Leg) -> Float {
        let time = Float(leg.seconds)
        let excess = max(0, seconds - Float(settings.hasteRatio) * time - 1)
        return seconds * Float(settings.secondCost)
            + min(Float(settings.hasteLimit), excess * Float(settings.hasteCost))
            + max(0, seconds / 2 - 2 - time) / 4
    }

    /// Takes a way to a place when it is the best so far.
    private mutating func offer(
        _ index: Int, _ start: Lattice.Candidate, _ place: Int, _ length: Float,
        _ leg: Leg, penalty: Float, turns: Bool, offset: Float,
        route: Int32?
    ) {
        let difference = abs(length - Float(leg.straight)) / Float(leg.beta)
        let score = start.score - difference - penalty
        guard score > arrivals[index].score else { return }
        var count = 0
        if let route {
            var node = route
            while true {
                let segment = search.segment(into: node)
                if segment < 0 { break }
                if count == Lattice.routeLimit { return }
                arrivalRoutes[index * Lattice.routeLimit + count] = segment
                count += 1
                node = graph.segments[segment].from
            }
        }
        arrivals[index] = Arrival(
            score: score, back: Int16(place), turns: turns, offset: offset,
            routeCount: Int32(count))
    }

    /// Writes the places that a way leads to, within the beam of the best.
    private mutating func keepArrivals(
        _ observation: Lattice.Pending, _ lattice: inout Lattice
    ) -> Bool {
        let sigma = lattice.noise.sigma(settings)
        var best = -Float.infinity
        for index in found.indices {
            arrivals[index].score += emission(found[index], observation, sigma: sigma)
            best = max(best, arrivals[index].score)
        }
        guard best > -.infinity else { return false }
        lattice.begin(observation)
        for index in found.indices {
            let arrival = arrivals[index]
            let score = arrival.score - best
            guard score >= -Float(settings.beam) else { continue }
            let first = lattice.routes.count
            // The search tells a way from its end.
            for hop in stride(from: Int(arrival.routeCount) - 1, through: 0, by: -1) {
                lattice.routes.append(arrivalRoutes[index * Lattice.routeLimit + hop])
            }
            lattice.append(
                Lattice.Candidate(
                    segment: found[index].segment, offset: arrival.offset, score: score,
                    back: arrival.back, turns: arrival.turns, routeStart: Int32(first),
                    routeCount: arrival.routeCount))
        }
        return true
    }
}
