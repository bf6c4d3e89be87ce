import Geo
import LocationIngest
import MapMatching
import Records
import RoadNetwork
import State
import Testing
import Transforms

@testable import TrafficUpdates

@Suite("A user's trip over a restart")
struct TripMatcherTests {
    /// What a deployment may change.
    private struct Rules {
        var reorder: Int64 = 10_000
        var start = 50.0
        var end = 0.0
        var key: [UInt8] = []
        var lag: Int64 = 100_000
    }

    private let graph: RoadGraph
    private let seen: [Observation]

    init() throws {
        graph = try TrafficPipelineTests.town()
        var random = SeededGenerator(seed: 2)
        let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))
        seen = (0..<32).map { step in
            Observation(
                time: EventTime(milliseconds: 1_760_000_040_000 + Int64(step) * 4_000),
                coordinate: plane.unproject(
                    PlanarPoint(
                        x: Double(step) * 44 + random.unit() * 12 - 6,
                        y: random.unit() * 12 - 6)))
        }
    }

    private func trips(_ rules: Rules) -> TripMatcher {
        var settings = MatcherSettings()
        settings.lagBound = rules.lag
        return TripMatcher(
            MapMatcher(graph: graph, settings: settings),
            trim: TripTrim(start: rules.start, end: rules.end),
            pseudonyms: Pseudonyms(key: rules.key), reorder: rules.reorder)
    }

    private func takeAll(
        _ observations: some Sequence<Observation>, _ trips: inout TripMatcher,
        _ state: inout MatchState
    ) -> [SegmentTraversal] {
        observations.flatMap { trips.take($0, of: "car", &state).passages }
    }

    /// What is told when the deployment goes from one set of rules to another, with a restart between, and the last
    /// location but one of before comes behind the restart if `overtaken` says so.
    private func told(
        _ before: Rules, _ after: Rules, restart: Int, overtaken: Bool
    ) throws -> [SegmentTraversal] {
        var first = Array(seen[..<restart])
        var rest = Array(seen[restart...])
        if overtaken, first.count >= 2 { rest.insert(first.remove(at: first.count - 2), at: 0) }
        var state = MatchState()
        var trips = trips(before)
        var passages = takeAll(first, &trips, &state)
        state = try MatchState(decoding: state.encoded)
        trips = self.trips(after)
        passages += takeAll(rest, &trips, &state)
        return passages + trips.decide(of: "car", ends: true, &state).passages
    }

    /// The passages that stand; nothing may be taken back that wasn't told before.
    private func standing(_ told: [SegmentTraversal]) -> [SegmentTraversal] {
        var standing: [SegmentTraversal] = []
        for var passage in told {
            guard passage.isTakenBack else {
                standing.append(passage)
                continue
            }
            passage.isTakenBack = false
            let place = standing.firstIndex(of: passage)
            #expect(place != nil, "what was never told was taken back")
            if let place { standing.remove(at: place) }
        }
        return standing
    }

    @Test("a restart without corrections, in the middle of them, tells nothing twice")
    func withoutCorrections() throws {
        let whole = try told(Rules(), Rules(), restart: 5, overtaken: false)
        #expect(whole.count >= 6)
        for restart in 1..<seen.count {
            let passages = try told(
                Rules(), Rules(reorder: 0), restart: restart, overtaken: false)
            #expect(passages == whole, "restart behind \(restart)")
            // And back again.
            let again = try told(Rules(reorder: 0), Rules(), restart: restart, overtaken: false)
            #expect(again == whole, "restart behind \(restart)")
        }
    }

    @Test(
        "under another key, other trims or another lag, nothing is told twice or taken back that wasn't told",
        arguments: [true, false])
    func otherRules(overtaken: Bool) throws {
        func segments(_ passages: [SegmentTraversal]) -> [UInt64] {
            passages.map(\.segment.rawValue).sorted()
        }
        let plain = Rules()
        let changes: [(Rules, Rules)] = [
            (plain, Rules(key: Array("another key of bytes".utf8))),
            (plain, Rules(start: 0)), (plain, Rules(start: 300)), (plain, Rules(end: 200)),
            (Rules(end: 200), plain), (plain, Rules(reorder: 30_000)),
            (plain, Rules(reorder: 2_000)), (plain, Rules(lag: 5_000)), (Rules(lag: 5_000), plain),
        ]
        for (before, after) in changes {
            // What lies at no end of the trip is told in any case.
            let whole = Set(
                segments(
                    standing(
                        try told(
                            Rules(start: 400, end: 300), Rules(start: 400, end: 300), restart: 5,
                            overtaken: false))))
            #expect(whole.count >= 3)
            for restart in 1..<seen.count {
                let passages = standing(
                    try told(before, after, restart: restart, overtaken: overtaken))
                let found = segments(passages)
                #expect(Set(found).count == found.count, "told twice, restart behind \(restart)")
                #expect(
                    whole.isSubset(of: found),
                    "\(before) to \(after), restart behind \(restart)")
            }
        }
    }

    @Test("the watermark waits behind a restart for what it waited for before")
    func held() throws {
        let function = try MatchLocations(roads: graph, parameters: TrafficUpdates.Parameters())
        var trips = trips(Rules())
        var state = MatchState()
        for observation in seen {
            _ = trips.take(observation, of: "car", &state)
            let restored = try MatchState(decoding: state.encoded)
            let time = function.pendingTime(of: state)
            #expect(time != nil)
            #expect(function.pendingTime(of: restored) == time)
            // And behind two restarts without a location between.
            let again = try MatchState(decoding: restored.encoded)
            #expect(function.pendingTime(of: again) == time)
            #expect(again.encoded == state.encoded)
        }
    }
}
