import Geo
import MapMatching
import Records
import RoadNetwork
import State
import Testing

@testable import TrafficUpdates

@Suite("Trips followed without the pipeline")
struct TripFollowerTests {
    private static let start = EventTime(milliseconds: 1_760_000_040_000)

    /// A car on a straight road, seen every four seconds.
    private static func seen() -> [Observation] {
        var random = SeededGenerator(seed: 2)
        let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))
        return (0..<32).map { step in
            Observation(
                time: start.advanced(byMilliseconds: Int64(step) * 4_000),
                coordinate: plane.unproject(
                    PlanarPoint(
                        x: Double(step) * 44 + random.unit() * 12 - 6,
                        y: random.unit() * 12 - 6)))
        }
    }

    /// What stands in the end, and the numbers of the observations that have taken something back.
    private func followed(
        _ observations: [Observation]
    ) throws -> (standing: Set<SegmentTraversal>, corrected: [Int]) {
        var trips = try TripFollower(
            roads: try TrafficPipelineTests.town(), parameters: TrafficUpdates.defaults)
        var standing: Set<SegmentTraversal> = []
        var corrected: [Int] = []
        func take(_ passages: [SegmentTraversal], _ number: Int) {
            for var passage in passages {
                #expect(passage.visitor == 0)
                guard passage.isTakenBack else {
                    standing.insert(passage)
                    continue
                }
                passage.isTakenBack = false
                #expect(standing.remove(passage) != nil, "what was never told was taken back")
                if corrected.last != number { corrected.append(number) }
            }
        }
        for (number, observation) in observations.enumerated() {
            take(trips.take(observation, of: "car").passages, number)
        }
        take(trips.end("car").passages, observations.count)
        #expect(trips.end("car").passages.isEmpty)
        return (standing, corrected)
    }

    @Test("a location that was overtaken corrects what was told, and the same stands in the end")
    func corrections() throws {
        let whole = try followed(Self.seen())
        #expect(whole.standing.count >= 6 && whole.corrected.isEmpty)
        var anyCorrected = false
        for late in 1..<29 {
            var observations = Self.seen()
            observations.insert(observations.remove(at: late), at: late + 2)
            let followed = try followed(observations)
            #expect(followed.standing == whole.standing, "overtaken: \(late)")
            // Only the one that was overtaken corrects.
            #expect(followed.corrected.allSatisfy { $0 == late + 2 })
            anyCorrected = anyCorrected || !followed.corrected.isEmpty
        }
        #expect(anyCorrected)
    }
}
