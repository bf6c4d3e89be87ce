import MapMatching
import RoadNetwork
import Testing

@Suite("The ends of a track")
struct EndsTests {
    private let graph: RoadGraph

    init() throws {
        graph = try MatchingTown.make()
    }

    @Test(
        "a track that is seen to begin and end within the noise of a crossing begins and ends there",
        arguments: [2.5, -2.5])
    func atCrossings(metres: Double) throws {
        let aside = metres / 200
        // 50 m a step; the last one is 400 m behind the first.
        let observations = MatchingTown.drive([(1 + aside, 0), (3.005 + aside, 0)]).prefix(9)
        try #require(observations.count == 9)
        var matcher = MapMatcher(graph: graph)
        let traversals = matcher.match(Array(observations)).traversals
        #expect(MatchingTown.route(traversals, graph) == ["1:3", "1:4"])
        #expect(traversals.first?.enterOffset == 0)
        for traversal in traversals {
            #expect(abs(traversal.length - graph.length(traversal.segment)) < 0.1)
            #expect(abs(traversal.speed - 10) < 1)
        }
        #expect(traversals.dropLast().allSatisfy { $0.isComplete })
    }

    @Test("a track that begins and ends farther from a crossing begins and ends where it is seen")
    func between() throws {
        let observations = MatchingTown.drive([(0.1, 0), (3.105, 0)]).prefix(13)
        try #require(observations.count == 13)
        var matcher = MapMatcher(graph: graph)
        let traversals = matcher.match(Array(observations)).traversals
        #expect(MatchingTown.route(traversals, graph) == ["1:2", "1:3", "1:4", "1:5"])
        let first = try #require(traversals.first)
        let last = try #require(traversals.last)
        #expect(abs(first.enterOffset - 20) < 1 && !first.isComplete)
        #expect(abs(last.leaveOffset - 20) < 1 && !last.isComplete)
    }
}
