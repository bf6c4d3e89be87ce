public import Geo

/// A connected stretch of road on which traffic is far slower than elsewhere: what an incident looks like in
/// published speeds.
///
/// Directed segments at level *jammed* or *standing* belong together where one leads into another without
/// turning back. Such a stretch stands out when it is long enough, costs a driver enough time, and is slow beside
/// the median of all known speeds: in a rush hour that slows the whole town nothing does.
public struct SlowStretch: Hashable, Sendable {
    /// From when on a stretch stands out.
    public struct Criteria: Hashable, Sendable {
        /// Segments belong to a stretch below this share of free flow.
        public var ratio = SpeedBand.slow.lowerBound
        /// The stretch's share of free flow is at most so much of the median of all segments'.
        public var contrast = 0.6
        /// The least length in metres, branches added up.
        public var length = 100.0
        /// The least time in seconds that its length costs beyond free flow.
        public var delay = 40.0
        /// The most stretches that are told, the costliest first.
        public var limit = 3

        /// The defaults.
        public init() {}
    }

    /// The directed segments, in the graph's order.
    public let segments: [Int]
    /// Metres, branches added up.
    public let length: Double
    /// The harmonic mean of the speeds in m/s, weighted by metres.
    public let speed: Double
    /// The same of the segments' free flow.
    public let freeFlowSpeed: Double
    /// The middle of the segment on which most time is lost.
    public let place: Coordinate

    /// What all of its length costs beyond free flow, in seconds.
    public var delay: Double { length / speed - length / freeFlowSpeed }

    /// How slow it is, in words.
    public var label: String {
        let kmh = speed * 3.6
        let now = kmh < 1 ? "below 1" : "\(Int(kmh.rounded()))"
        return "\(now) km/h instead of \(Int((freeFlowSpeed * 3.6).rounded()))"
    }

    /// The least speed in m/s that is reckoned with: 1 km/h.
    private static let leastSpeed = 1 / 3.6

    /// The stretches that stand out, the costliest first.
    ///
    /// - Parameters:
    ///   - speeds: speeds in m/s; what isn't a number or isn't on the map says nothing.
    ///   - view: where a stretch's ``place`` must be, if not anywhere.
    public static func find(
        _ graph: RoadGraph, speeds: [SegmentID: Double], in view: BoundingBox? = nil,
        _ criteria: Criteria = Criteria()
    ) -> [SlowStretch] {
        var ratios: [Double] = []
        var slow: [Int: Double] = [:]
        for (id, speed) in speeds where speed.isFinite && speed >= 0 {
            guard let segment = graph.index(of: id) else { continue }
            let ratio = speed / graph.freeFlowSpeed(segment)
            ratios.append(ratio)
            if ratio < criteria.ratio { slow[segment] = max(speed, leastSpeed) }
        }
        ratios.sort()
        guard let median = ratios.isEmpty ? nil : ratios[ratios.count / 2] else { return [] }
        let found = graph.stretches(of: Set(slow.keys)).map { SlowStretch($0, slow, graph) }
        let standing = found.filter { stretch in
            stretch.length >= criteria.length && stretch.delay >= criteria.delay
                && stretch.speed <= criteria.contrast * min(1, median) * stretch.freeFlowSpeed
                && view?.contains(stretch.place) ?? true
        }
        let sorted = standing.sorted {
            ($0.delay, $1.segments[0]) > ($1.delay, $0.segments[0])
        }
        return Array(sorted.prefix(max(0, criteria.limit)))
    }

    private init(_ segments: [Int], _ speeds: [Int: Double], _ graph: RoadGraph) {
        var (length, seconds, free, worst) = (0.0, 0.0, 0.0, -Double.infinity)
        var middle = segments[0]
        for segment in segments {
            let meters = graph.length(segment)
            let taken = meters / (speeds[segment] ?? SlowStretch.leastSpeed)
            let least = meters / graph.freeFlowSpeed(segment)
            length += meters
            seconds += taken
            free += least
            if taken - least > worst { (worst, middle) = (taken - least, segment) }
        }
        self.segments = segments
        self.length = length
        speed = length / seconds
        freeFlowSpeed = length / free
        place = graph.coordinate(on: middle, offset: graph.length(middle) / 2)
    }
}
