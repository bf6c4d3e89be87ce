internal import Foundation
internal import Geo
internal import Records

extension Lattice.Pending {
    init(_ observation: Observation) {
        self.init(
            time: observation.time.milliseconds, latitude: observation.coordinate.latitude,
            longitude: observation.coordinate.longitude, heading: observation.heading ?? .nan,
            speed: observation.speed ?? .nan, sequence: observation.sequence)
    }

    var coordinate: Coordinate { Coordinate(latitude: latitude, longitude: longitude) }

    /// By time; at one time by content, so that the order of arrival doesn't matter.
    func precedes(_ other: Lattice.Pending) -> Bool {
        (time, latitude, longitude, sequence)
            < (other.time, other.latitude, other.longitude, other.sequence)
    }

    /// The observation with another place, where a vehicle stands that looks nowhere.
    func standing(at place: Coordinate) -> Lattice.Pending {
        Lattice.Pending(
            time: time, latitude: place.latitude, longitude: place.longitude, heading: .nan,
            speed: .nan, sequence: sequence)
    }

    /// The output for an observation that no road is found for.
    var unplaced: MatchedPoint {
        MatchedPoint(
            sequence: sequence, time: EventTime(milliseconds: time), segment: nil, offset: 0)
    }
}

extension Lattice.Minor {
    var coordinate: Coordinate { Coordinate(latitude: latitude, longitude: longitude) }
}

extension Lattice.Step {
    /// Metres on the local plane.
    func distance(to other: Lattice.Pending) -> Double { distance(to: other.coordinate) }

    /// Metres on the local plane.
    func distance(to other: Coordinate) -> Double {
        let y = (other.latitude - latitude) * metersPerDegree
        let turn = Longitude.wrapped(other.longitude - longitude)
        let x = turn * metersPerDegree * cos(latitude * .pi / 180)
        return (x * x + y * y).squareRoot()
    }
}

extension Lattice {
    /// How many observations have come since the last step.
    var trailingMinors: Int {
        guard let step = steps.last else { return 0 }
        var count = 0
        while count < minors.count, minors[minors.count - 1 - count].time > step.time {
            count += 1
        }
        return count
    }

    /// Adds an observation to be placed when the steps around it are decided; false when there is no
    /// room.
    mutating func insertMinor(_ observation: Pending) -> Bool {
        guard minors.count < Lattice.minorLimit else { return false }
        let minor = Minor(
            time: observation.time, latitude: observation.latitude,
            longitude: observation.longitude, sequence: observation.sequence)
        var place = minors.count
        while place > 0, minor.time < minors[place - 1].time { place -= 1 }
        minors.insert(minor, at: place)
        return true
    }

    /// Opens a step; its candidates follow by ``append(_:)``.
    mutating func begin(_ observation: Pending) {
        steps.append(
            Step(
                time: observation.time, latitude: observation.latitude,
                longitude: observation.longitude, sequence: observation.sequence,
                firstCandidate: Int32(candidates.count), candidateCount: 0))
    }

    mutating func append(_ candidate: Candidate) {
        candidates.append(candidate)
        steps[steps.count - 1].candidateCount += 1
    }

    /// The places of a step.
    func range(_ step: Int) -> Range<Int> {
        let first = Int(steps[step].firstCandidate)
        return first..<(first + Int(steps[step].candidateCount))
    }

    /// Drops the steps before `step` and every path that doesn't lead through its place `kept`.
    mutating func rebase(on step: Int, keeping kept: Int) {
        var places: [Int16] = []
        var nextPlaces: [Int16] = []
        var candidateEnd = 0
        var routeEnd = 0
        for index in step..<steps.count {
            let range = range(index)
            nextPlaces.removeAll(keepingCapacity: true)
            let first = candidateEnd
            for place in range {
                var candidate = candidates[place]
                let survives: Bool
                if index == step {
                    survives = place - range.lowerBound == kept
                    candidate.back = -1
                    candidate.routeCount = 0
                } else {
                    let back = candidate.back >= 0 ? places[Int(candidate.back)] : -1
                    survives = back >= 0
                    candidate.back = back
                }
                guard survives else {
                    nextPlaces.append(-1)
                    continue
                }
                let start = Int(candidate.routeStart)
                candidate.routeStart = Int32(routeEnd)
                for offset in 0..<Int(candidate.routeCount) {
                    routes[routeEnd] = routes[start + offset]
                    routeEnd += 1
                }
                nextPlaces.append(Int16(candidateEnd - first))
                candidates[candidateEnd] = candidate
                candidateEnd += 1
            }
            steps[index].firstCandidate = Int32(first)
            steps[index].candidateCount = Int32(candidateEnd - first)
            swap(&places, &nextPlaces)
        }
        steps.removeFirst(step)
        candidates.removeLast(candidates.count - candidateEnd)
        routes.removeLast(routes.count - routeEnd)
    }

    /// Remembers a decided passage.
    mutating func remember(_ segment: Int32, leaveTime: Int64) {
        if recent.count >= Lattice.recentLimit { recent.removeFirst() }
        recent.append(Recent(segment: segment, leaveTime: leaveTime))
    }
}
