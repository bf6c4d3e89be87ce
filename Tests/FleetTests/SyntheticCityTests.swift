import Fleet
import Geo
import Records
import RoadNetwork
import Testing

@Suite("The synthetic city")
struct SyntheticCityTests {
    @Test(
        "is a city: large, of many classes, with one-ways, and no fault",
        arguments: [1, 2, 77] as [UInt64])
    func believable(seed: UInt64) throws {
        let graph = try SyntheticCity.make(seed: seed)
        #expect(graph.segmentCount >= 5_000)
        #expect(graph.report.faults == 0)
        var classes: Set<RoadClass> = []
        var oneWays = 0
        for segment in 0..<graph.segmentCount {
            classes.insert(graph.roadClass(segment))
            if graph.reverse(segment) == nil { oneWays += 1 }
        }
        #expect(
            classes.isSuperset(of: [
                .trunk, .primary, .secondary, .tertiary, .residential, .livingStreet,
            ]))
        #expect(oneWays > 150 && oneWays < graph.segmentCount / 4)
        #expect(graph.bounds.width > 6_000 && graph.bounds.width < 14_000)
    }

    @Test("every crossing can be reached from every other")
    func connected() throws {
        let graph = try SyntheticCity.make(seed: 5)
        for backwards in [false, true] {
            var seen = [Bool](repeating: false, count: graph.nodeCount)
            seen[0] = true
            var pending = [0]
            while let node = pending.popLast() {
                for segment in backwards ? graph.incoming(node) : Array(graph.outgoing(node)) {
                    let next = backwards ? graph.startNode(segment) : graph.endNode(segment)
                    if !seen[next] {
                        seen[next] = true
                        pending.append(next)
                    }
                }
            }
            #expect(seen.allSatisfy { $0 })
        }
    }

    @Test("is a function of its seed")
    func deterministic() throws {
        let city = try SyntheticCity.make(seed: 3)
        #expect(try SyntheticCity.make(seed: 3).fingerprint == city.fingerprint)
        #expect(try SyntheticCity.make(seed: 4).fingerprint != city.fingerprint)
    }
}
