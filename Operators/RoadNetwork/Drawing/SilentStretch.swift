internal import Foundation
public import Geo

/// A connected stretch of road that traffic has left while it goes on elsewhere: what a closed road looks like in
/// published speeds.
///
/// A directed segment has fallen silent when, by the number of passages that it had before, so long a time without a
/// row has next to no probability: passages come as a Poisson process, and a minute with fewer distinct vehicles than
/// privacy asks for has no row.
public struct SilentStretch: Hashable, Sendable {
    /// What was known of a segment before its newest row, and for how long there has been none.
    public struct Past: Hashable, Sendable {
        /// Passages in the last minutes that ended with the newest row.
        public var passages: Double
        /// How many minutes these are.
        public var minutes: Double
        /// For how many minutes there has been no row since.
        public var silence: Double

        /// Makes a past.
        public init(passages: Double, minutes: Double, silence: Double) {
            self.passages = passages
            self.minutes = minutes
            self.silence = silence
        }
    }

    /// From when on silence stands out.
    public struct Criteria: Hashable, Sendable {
        /// How many passages a minute needs for a row.
        public var vehicles = 3
        /// The most probable that a silence may be by chance.
        public var probability = 1e-6
        /// How much traffic there is in all beside what there was, 1 at most: when a town goes to sleep, each road
        /// may fall silent.
        public var activity = 1.0
        /// The most stretches that are told, those that had most passages first.
        public var limit = 3

        /// The defaults.
        public init() {}
    }

    /// The directed segments, in the graph's order.
    public let segments: [Int]
    /// Passages in a minute on the busiest of them, before.
    public let rate: Double
    /// For how many minutes there has been no row on it.
    public let silence: Double
    /// The middle of it.
    public let place: Coordinate

    /// What a picture says of it.
    public var label: String { "No traffic for \(Int(silence.rounded())) min" }

    /// The stretches that have fallen silent, the busiest first.
    ///
    /// - Parameter view: where a stretch's ``place`` must be, if not anywhere.
    public static func find(
        _ graph: RoadGraph, pasts: [SegmentID: Past], in view: BoundingBox? = nil,
        _ criteria: Criteria = Criteria()
    ) -> [SilentStretch] {
        var silent: [Int: Past] = [:]
        for (id, past) in pasts {
            guard let segment = graph.index(of: id), isSilent(past, criteria) else { continue }
            silent[segment] = past
        }
        let stretches = graph.stretches(of: Set(silent.keys)).compactMap { segments in
            busiest(segments, silent).map { SilentStretch(segments, $0.segment, $0.past, graph) }
        }
        let shown = stretches.filter { view?.contains($0.place) ?? true }.sorted {
            ($0.rate, $1.segments[0]) > ($1.rate, $0.segments[0])
        }
        return Array(shown.prefix(max(0, criteria.limit)))
    }

    private static func busiest(
        _ segments: [Int], _ pasts: [Int: Past]
    ) -> (segment: Int, past: Past)? {
        var best: (segment: Int, past: Past)?
        for segment in segments {
            guard let past = pasts[segment] else { continue }
            if best == nil || rate(past) > rate(best?.past ?? past) { best = (segment, past) }
        }
        return best
    }

    private init(_ segments: [Int], _ busiest: Int, _ past: Past, _ graph: RoadGraph) {
        self.segments = segments
        rate = SilentStretch.rate(past)
        silence = past.silence
        place = graph.coordinate(on: busiest, offset: graph.length(busiest) / 2)
    }

    private static func rate(_ past: Past) -> Double { past.passages / max(1, past.minutes) }

    private static func isSilent(_ past: Past, _ criteria: Criteria) -> Bool {
        guard past.passages.isFinite, past.minutes > 0, past.silence > 0 else { return false }
        // No more than nineteen in twenty roads with so many passages had at least.
        let passages = max(0, past.passages - 1.65 * max(0, past.passages).squareRoot())
        let rate = passages / past.minutes * max(0, min(1, criteria.activity))
        // The probability of a minute without a row.
        var (term, sum) = (exp(-rate), 0.0)
        for count in 0..<max(1, criteria.vehicles) {
            if count > 0 { term *= rate / Double(count) }
            sum += term
        }
        return past.silence * log(max(sum, .leastNormalMagnitude)) <= log(criteria.probability)
    }
}

extension RoadGraph {
    /// Directed segments that lead into each other without turning back, each group in the graph's order.
    func stretches(of segments: Set<Int>) -> [[Int]] {
        var result: [[Int]] = []
        var seen: Set<Int> = []
        for first in segments.sorted() where seen.insert(first).inserted {
            var group = [first]
            var next = 0
            while next < group.count {
                let segment = group[next]
                next += 1
                let back = reverse(segment)
                let after = outgoing(endNode(segment))
                let before = incoming(startNode(segment))
                for other in Array(after) + before where other != back && segments.contains(other) {
                    if seen.insert(other).inserted { group.append(other) }
                }
            }
            result.append(group.sorted())
        }
        return result
    }
}
