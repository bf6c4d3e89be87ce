internal import Geo
public import Records
public import RoadNetwork

/// Places a stream of observations on the roads of a graph while they come.
///
/// A hidden Markov model after Newson and Krumm ("Hidden Markov Map Matching Through Noise and
/// Sparseness", ACM GIS 2009): the hidden states are places on directed segments near each
/// observation, an observation's probability falls with its distance from the place, and a
/// transition's with the difference between the way driven and the straight distance. The most
/// probable path (Viterbi) is given out as soon as all surviving paths agree on it, or when a bound
/// on steps or time is reached.
///
/// The matcher holds scratch memory and no state: all that is known of a user is in the user's
/// ``Lattice``. One matcher serves all users of a task, in any order; the result for a user is a
/// function of the settings, the graph and the user's observations alone.
public struct MapMatcher {
    /// The parameters; others count from the next call.
    public var settings: MatcherSettings
    /// The roads.
    public let graph: RoadGraph

    var search: RouteSearch
    var found: [RoadCandidate] = []
    var targets: [Int32] = []
    var arrivals: [Arrival] = []
    var arrivalRoutes: [Int32] = []
    var chain: [Int] = []
    var way: [Int32] = []
    var otherWay: [Int32] = []
    var reached: [Int] = []
    var drive = Drive()

    /// The most directed segments that a step can lie on, whatever the settings say: survivors are
    /// kept as the bits of a word.
    static let candidateLimit = 60

    /// Makes a matcher with its scratch memory: 32 bytes a node of the graph.
    public init(graph: RoadGraph, settings: MatcherSettings = MatcherSettings()) {
        self.graph = graph
        self.settings = settings
        search = RouteSearch(graph)
    }

    /// Takes one observation of the lattice's user and adds to `output` what is decided by it.
    public mutating func advance(
        _ lattice: inout Lattice, with observation: Observation, into output: inout MatchOutput
    ) {
        guard observation.coordinate.isValid,
            observation.time.milliseconds.magnitude <= Lattice.timeLimit
        else {
            lattice.strayCount += 1
            output.points.append(
                MatchedPoint(
                    sequence: observation.sequence, time: observation.time, segment: nil, offset: 0)
            )
            return
        }
        let pending = Lattice.Pending(observation)
        lattice.newestTime = max(lattice.newestTime, pending.time)
        if settings.reorderBound <= 0, lattice.pending.isEmpty {
            accept(pending, &lattice, &output)
            return
        }
        var place = lattice.pending.count
        while place > 0, pending.precedes(lattice.pending[place - 1]) { place -= 1 }
        lattice.pending.insert(pending, at: place)
        let newest = EventTime(milliseconds: lattice.newestTime)
        release(
            &lattice, upTo: newest.advanced(byMilliseconds: -settings.reorderBound).milliseconds,
            &output)
        while lattice.pending.count > max(1, settings.reorderCapacity) {
            accept(lattice.pending.removeFirst(), &lattice, &output)
        }
    }

    /// Tells that no observation older than `watermark` will come, so that none needs to be held
    /// back for them any longer.
    public mutating func advance(
        _ lattice: inout Lattice, to watermark: EventTime, into output: inout MatchOutput
    ) {
        release(&lattice, upTo: watermark.milliseconds, &output)
    }

    /// Decides everything that the steps so far tell and keeps the track open: for users that fell silent and
    /// may go on before ``MatcherSettings/longestGap`` has passed.
    public mutating func settle(_ lattice: inout Lattice, into output: inout MatchOutput) {
        release(&lattice, upTo: .max, &output)
        decideAll(&lattice, &output)
    }

    /// Decides everything and ends the track: for the end of the input and for users that fell
    /// silent.
    ///
    /// What is known of the user's past passages stays.
    public mutating func flush(_ lattice: inout Lattice, into output: inout MatchOutput) {
        release(&lattice, upTo: .max, &output)
        placeParked(&lattice, &output)
        finish(&lattice, &output)
    }

    private mutating func release(
        _ lattice: inout Lattice, upTo bound: Int64, _ output: inout MatchOutput
    ) {
        while let first = lattice.pending.first, first.time <= bound {
            lattice.pending.removeFirst()
            accept(first, &lattice, &output)
        }
    }

    // MARK: Steps

    /// Takes an observation of a vehicle that isn't parked.
    mutating func match(
        _ observation: Lattice.Pending, _ lattice: inout Lattice, _ output: inout MatchOutput
    ) {
        guard let step = lattice.steps.last else {
            if let last = lattice.recent.last, observation.time <= last.leaveTime {
                late(observation, &lattice, &output)
            } else {
                start(observation, &lattice, &output)
            }
            return
        }
        let newest = max(step.time, lattice.minors.last?.time ?? step.time)
        if observation.time <= newest {
            late(observation, &lattice, &output)
            return
        }
        if observation.time - newest > settings.longestGap {
            finish(&lattice, &output)
            lattice.breakCount += 1
            start(observation, &lattice, &output)
            return
        }
        let elapsed = observation.time - step.time
        let standing = standingPlace(lattice, at: observation.coordinate)
        let longest =
            standing == nil ? settings.longestStepInterval : settings.standingStepInterval
        let isStep =
            elapsed >= longest
            || (standing == nil && elapsed >= settings.stepInterval
                && step.distance(to: observation) >= settings.stepDistance
                    * Double(lattice.noise.ratio(settings)))
            || lattice.trailingMinors >= Lattice.trailingLimit
        if isStep {
            extend(standing.map(observation.standing(at:)) ?? observation, &lattice, &output)
        } else if !lattice.insertMinor(observation) {
            lattice.strayCount += 1
            output.points.append(observation.unplaced)
        } else if elapsed >= settings.standingStep, lattice.steps.count > 1 {
            decide(&lattice, &output)
        }
    }

    private mutating func start(
        _ observation: Lattice.Pending, _ lattice: inout Lattice, _ output: inout MatchOutput
    ) {
        findCandidates(observation)
        guard !found.isEmpty else {
            lattice.strayCount += 1
            output.points.append(observation.unplaced)
            return
        }
        lattice.begin(observation)
        let sigma = lattice.noise.sigma(settings)
        var best = -Float.infinity
        for candidate in found { best = max(best, emission(candidate, observation, sigma: sigma)) }
        for candidate in found {
            let score = emission(candidate, observation, sigma: sigma) - best
            if score < -Float(settings.beam) { continue }
            lattice.append(
                Lattice.Candidate(
                    segment: candidate.segment, offset: candidate.offset, score: score, back: -1,
                    turns: false, routeStart: 0, routeCount: 0))
        }
        lattice.strays = 0
        decide(&lattice, &output)
    }

    private mutating func extend(
        _ observation: Lattice.Pending, _ lattice: inout Lattice, _ output: inout MatchOutput
    ) {
        findCandidates(observation)
        if !found.isEmpty, connect(observation, &lattice) {
            lattice.strays = 0
            decide(&lattice, &output)
            return
        }
        // One odd observation must not cost the track; several mean that the track is not here.
        lattice.strays += 1
        lattice.strayCount += 1
        if lattice.strays > settings.strayLimit {
            finish(&lattice, &output)
            lattice.breakCount += 1
            start(observation, &lattice, &output)
        } else {
            output.points.append(observation.unplaced)
        }
    }

    private mutating func findCandidates(_ observation: Lattice.Pending) {
        let limit = max(1, min(MapMatcher.candidateLimit, settings.candidates))
        graph.candidates(
            near: observation.coordinate, radius: settings.radius, limit: limit, into: &found)
        if found.isEmpty, settings.widestRadius > settings.radius {
            graph.candidates(
                near: observation.coordinate, radius: settings.widestRadius, limit: limit,
                into: &found)
        }
    }

    // MARK: Late observations

    /// Places an observation whose time is passed: between undecided steps if it still can, else on
    /// the passage that was decided for its time.
    private mutating func late(
        _ observation: Lattice.Pending, _ lattice: inout Lattice, _ output: inout MatchOutput
    ) {
        lattice.lateCount += 1
        if let first = lattice.steps.first, observation.time > first.time,
            lattice.insertMinor(observation)
        {
            return
        }
        var segment = lattice.recent.first { $0.leaveTime >= observation.time }?.segment
        if segment == nil, let track = lattice.track {
            segment = track.segment == Lattice.Track.open ? track.base : track.segment
        }
        guard let segment else {
            output.points.append(observation.unplaced)
            return
        }
        let place = graph.projection(
            of: observation.coordinate, on: segment, from: 0, to: graph.length(Int(segment)))
        output.points.append(
            MatchedPoint(
                sequence: observation.sequence, time: EventTime(milliseconds: observation.time),
                segment: Int(segment), offset: place.offset))
    }
}
