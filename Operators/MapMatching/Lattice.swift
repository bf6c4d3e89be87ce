public import Records
public import RoadNetwork

/// One user's state: the observations that are not decided yet with the paths that may have led
/// through them, and the place up to which all is decided.
///
/// Bounded: at most ``MatcherSettings/lagSteps`` + 1 steps of ``MatcherSettings/candidates`` places
/// (24 bytes each), the ways between them (4 bytes a segment, at most ``routeLimit`` a place), 256
/// observations between the steps (32 bytes each), 8 past passages, 12 places behind (8 bytes each) and 90 bytes of where it stays. A moving car at 5 s
/// holds about 1 to 2 KB. Segments are named by index: bytes are only good for a graph with the same
/// ``RoadGraph/fingerprint``.
public struct Lattice: Sendable {
    /// The most segments between two neighbouring steps.
    public static let routeLimit = 128
    /// The most observations that may lie between the steps.
    static let minorLimit = 256
    /// The most observations between the last step and now.
    static let trailingLimit = 64
    /// The last observations whose places are kept to tell where a track begins and ends.
    static let sightingLimit = 12
    /// The decided passages that are kept to place late observations.
    static let recentLimit = 8

    /// An observation that takes part in the decision.
    struct Step: Hashable, Sendable {
        var time: Int64
        var latitude: Double
        var longitude: Double
        var sequence: UInt64
        var firstCandidate: Int32
        var candidateCount: Int32
    }

    /// A place where a step may have been, with the best path to it.
    struct Candidate: Hashable, Sendable {
        var segment: Int32
        var offset: Float
        /// Log-probability beside the step's best, -infinity for a path that is ruled out.
        var score: Float
        /// The candidate of the step before, -1 at the start of a track.
        var back: Int16
        /// Whether the way from there turned round within the segment of the candidate before.
        var turns: Bool
        /// The segments between the candidate before and this one.
        var routeStart: Int32
        var routeCount: Int32
    }

    /// An observation too close to a step to take part; it is placed on the path that the steps take.
    struct Minor: Hashable, Sendable {
        var time: Int64
        var latitude: Double
        var longitude: Double
        var sequence: UInt64
    }

    /// An observation that waits for earlier ones.
    struct Pending: Hashable, Sendable {
        var time: Int64
        var latitude: Double
        var longitude: Double
        var heading: Double
        var speed: Double
        var sequence: UInt64
    }

    /// How far an observation lies behind the one before it on the way that is decided.
    struct Sighting: Hashable, Sendable {
        /// Milliseconds at free flow.
        var free: UInt32
        /// Milliseconds.
        var time: UInt32
    }

    /// The passage that is being driven where all is decided.
    struct Track: Hashable, Sendable {
        /// Stands for a segment that isn't known yet: the crossing before it was passed, but which road was taken
        /// is open.
        static let open: Int32 = -1

        /// The segment that is being passed, and since when and where.
        var segment: Int32
        var enterTime: Double
        var enterOffset: Double
        /// The place of the last decided step.
        var base: Int32
        var offset: Double
        var time: Double
        var sequence: UInt64
        /// The least confidence of a decision since the segment was entered.
        var confidence: Float = 1
        /// How many segments behind the last decided step are given out already, since all plausible paths
        /// leave them behind.
        var ahead: UInt16 = 0
        /// The last observations on the way; of the first one only the place counts.
        var seen = [Sighting(free: 0, time: 0)]
        /// Whether the first passage is still being driven and ``seen`` goes back to its beginning.
        var begins = true

        /// Stands at the first place of a track.
        init(segment: Int32, offset: Double, time: Double, sequence: UInt64, confidence: Float) {
            self.segment = segment
            enterTime = time
            enterOffset = offset
            base = segment
            self.offset = offset
            self.time = time
            self.sequence = sequence
            self.confidence = confidence
        }
    }

    /// A decided passage.
    struct Recent: Hashable, Sendable {
        var segment: Int32
        var leaveTime: Int64
    }

    /// The distances of decided steps from their roads, which are the noise across the road.
    struct Noise: Hashable, Sendable {
        /// By how much less a step counts with every later one: 40 of them count.
        static let memory: Float = 0.975

        /// The sum of the squared distances, and of what they count.
        var squares: Float = 0
        var count: Float = 0

        /// Takes in the distance of a decided step.
        mutating func add(_ distance: Float) {
            squares = squares * Noise.memory + distance * distance
            count = count * Noise.memory + 1
        }

        /// The user's standard deviation beside ``MatcherSettings/sigma``, 1 at least: a user of little noise is
        /// better matched as one of some, since then the roads' own probabilities count for more.
        func ratio(_ settings: MatcherSettings) -> Float {
            let (sigma, weight) = (Float(settings.sigma), Float(settings.sigmaWeight))
            guard weight > 0, count > 0, sigma > 0 else { return 1 }
            return max(1, likely(sigma, weight, settings) / sigma)
        }

        /// What the user's standard deviation is likely to be, in metres: without a least one.
        func deviation(_ settings: MatcherSettings) -> Double {
            let (sigma, weight) = (Float(settings.sigma), max(1, Float(settings.sigmaWeight)))
            return Double(max(1, likely(sigma, weight, settings)))
        }

        /// The deviation that the distances tell of beside an expected one that counts as `weight` of them.
        private func likely(_ sigma: Float, _ weight: Float, _ settings: MatcherSettings) -> Float {
            let variance = (sigma * sigma * weight + squares) / (weight + count)
            return min(variance.squareRoot(), Float(settings.mostSigma))
        }

        /// The user's standard deviation in metres.
        func sigma(_ settings: MatcherSettings) -> Float {
            Float(settings.sigma) * ratio(settings)
        }
    }

    var pending: [Pending] = []
    var steps: [Step] = []
    var candidates: [Candidate] = []
    var routes: [Int32] = []
    var minors: [Minor] = []
    var track: Track?
    var recent: [Recent] = []
    /// Where the user stays, and since when.
    var dwell: Dwell?
    /// The observation with which a parked vehicle may have left.
    var leaving: Pending?
    /// What the user's decided steps show of its noise.
    var noise = Noise()
    /// Observations in a row that led nowhere.
    var strays = 0
    /// The newest time that was given.
    var newestTime = Int64.min

    /// Observations that came after the decision about their time.
    public internal(set) var lateCount: UInt64 = 0
    /// Observations that no road or way led to.
    public internal(set) var strayCount: UInt64 = 0
    /// How often a track was broken by a gap, a jump or a place off the map.
    public internal(set) var breakCount: UInt64 = 0

    /// A user of whom nothing is known.
    public init() {}

    /// Whether nothing waits for a decision.
    public var isEmpty: Bool { pending.isEmpty && steps.isEmpty && leaving == nil }

    /// Whether the user has parked: its trip is over, and what comes from there is placed where it ended.
    public var isParked: Bool { dwell?.parked != nil }

    /// No traversal that is still to come leaves its segment before this time: the bound at which
    /// the watermark must be held.
    ///
    /// Nil when none is to come.
    public var oldestPendingTime: EventTime? {
        var oldest: Int64?
        if let first = pending.first { oldest = first.time }
        if let leaving { oldest = min(oldest ?? .max, leaving.time) }
        if let first = steps.first { oldest = min(oldest ?? .max, first.time) }
        return oldest.map { EventTime(milliseconds: $0) }
    }

    /// The newest observation's time, nil before the first: for who forgets users that fell silent.
    public var newestObservationTime: EventTime? {
        newestTime == .min ? nil : EventTime(milliseconds: newestTime)
    }
}

extension Lattice {
    /// Whether every segment that the state names exists in `graph` at that length: a check for bytes
    /// from outside, since the matcher stops the program at an index out of range.
    public func fits(_ graph: RoadGraph) -> Bool {
        func exists(_ segment: Int32) -> Bool {
            segment >= 0 && Int(segment) < graph.segmentCount
        }
        func lies(_ offset: Double, on segment: Int32) -> Bool {
            exists(segment) && offset >= 0 && offset <= graph.length(Int(segment)) + 0.5
        }
        return candidates.allSatisfy { lies(Double($0.offset), on: $0.segment) }
            && (dwell?.parked.map { $0.segment < 0 || lies($0.offset, on: $0.segment) } ?? true)
            && routes.allSatisfy(exists) && recent.allSatisfy { exists($0.segment) }
            && (track.map {
                lies($0.offset, on: $0.base)
                    && ($0.segment == Track.open
                        ? $0.ahead > 0 && $0.enterOffset == 0
                        : lies($0.enterOffset, on: $0.segment)
                            && ($0.ahead > 0 || $0.base == $0.segment))
            }
                ?? true)
            && (track == nil
                || (steps.first?.candidateCount == 1 && candidates[0].segment == track?.base))
    }
}
