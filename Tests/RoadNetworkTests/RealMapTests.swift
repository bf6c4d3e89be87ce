import RoadNetwork
import TestFiles
import Testing

@Suite("Real maps")
struct RealMapTests {
    private static func graph(_ name: String) throws -> RoadGraph {
        try RoadGraph(contentsOfOSMFile: try #require(SharedData.path("osm/\(name)")))
    }

    @Test(
        "Monaco has its 509 drivable ways",
        .enabled(if: SharedData.has("osm/monaco-2012-06.osm.pbf"), "no ../shared/data/osm"))
    func monaco() throws {
        let graph = try RealMapTests.graph("monaco-2012-06.osm.pbf")
        #expect(graph.report.nodesRead == 13_739)
        #expect(graph.report.waysRead == 1_944)
        #expect(graph.report.drivableWays == 509)
        #expect(graph.report.idCollisions == 0)
    }

    @Test(
        "Rhein-Neckar has the ways, nodes, segments and kilometres that other tools count",
        .enabled(
            if: SharedData.has("osm/rhein-neckar-highways-2016-12.osm.pbf"),
            "no ../shared/data/osm"))
    func rheinNeckar() throws {
        let graph = try RealMapTests.graph("rhein-neckar-highways-2016-12.osm.pbf")
        let report = graph.report
        #expect(report.waysRead == 37_344 && report.drivableWays == 37_344)
        #expect(report.nodesRead == 164_598)
        #expect(report.nodePairs == 177_790)
        #expect(report.waysWithSpeedLimit == 24_856)
        #expect(report.danglingReferences == 0 && report.idCollisions == 0)
        var meters = 0.0
        for segment in 0..<graph.segmentCount
        where graph.reverse(segment).map({ $0 > segment }) ?? true {
            meters += graph.length(segment)
        }
        // All but the closed roads of the 5,622 km.
        #expect(meters > 5_580_000 && meters < 5_623_000)
    }

    @Test(
        "roads that stay keep their ids from one map to the next",
        .enabled(
            if: SharedData.has("osm/liechtenstein-2015-07.osm.pbf"), "no ../shared/data/osm"))
    func liechtenstein() throws {
        let old = try RealMapTests.graph("liechtenstein-2014-12.osm.pbf")
        let new = try RealMapTests.graph("liechtenstein-2015-07.osm.pbf")
        let kept = (0..<old.segmentCount).count { new.index(of: old.id(of: $0)) != nil }
        let share = Double(kept) / Double(old.segmentCount)
        // 16 ways of 2,118 went and 378 changed their geometry; new side streets cut others in two.
        #expect(share > 0.85 && share < 1)
        #expect(old.fingerprint != new.fingerprint)
    }

    @Test("a file that isn't there is named")
    func missing() {
        #expect(throws: RoadNetworkError.unreadable(path: "/nowhere/map.osm.pbf", code: 2)) {
            try RoadGraph(contentsOfOSMFile: "/nowhere/map.osm.pbf")
        }
    }
}
