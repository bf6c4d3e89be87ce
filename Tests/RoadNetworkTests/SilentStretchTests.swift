import Foundation
import FoundationXML
import Geo
import Testing

@testable import RoadNetwork

/// What has fallen silent among published rows.
@Suite("Silent stretches")
struct SilentStretchTests {
    /// A street of ten two-way blocks of 200 m.
    private let graph: RoadGraph

    init() throws {
        var builder = RoadGraphBuilder()
        let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))
        for node in 0...10 {
            builder.addNode(
                Int64(node), plane.unproject(PlanarPoint(x: Double(node) * 200, y: 0)))
        }
        builder.addWay(
            1, nodes: (0...10).map { Int64($0) }, RoadAttributes(.secondary, speedLimit: 50))
        for node in 1..<10 {
            // Side streets, so that each block is a segment.
            builder.addNode(
                Int64(100 + node), plane.unproject(PlanarPoint(x: Double(node) * 200, y: 150)))
            builder.addWay(
                Int64(1 + node), nodes: [Int64(node), Int64(100 + node)],
                RoadAttributes(.residential))
        }
        graph = try builder.build()
    }

    private func segment(_ from: Int64, _ to: Int64) throws -> Int {
        try #require(
            (0..<graph.segmentCount).first {
                graph.nodeID(graph.startNode($0)) == from && graph.nodeID(graph.endNode($0)) == to
            })
    }

    private func find(
        _ pasts: [(from: Int64, to: Int64, passages: Double, silence: Double)],
        _ criteria: SilentStretch.Criteria = SilentStretch.Criteria()
    ) throws -> [SilentStretch] {
        var all: [SegmentID: SilentStretch.Past] = [:]
        for past in pasts {
            all[graph.id(of: try segment(past.from, past.to))] = .init(
                passages: past.passages, minutes: 5, silence: past.silence)
        }
        return SilentStretch.find(graph, pasts: all, criteria)
    }

    @Test(
        "a busy road without a row for long is closed, with what leads into it; each direction for itself"
    )
    func closed() throws {
        let found = try find([
            (3, 4, 40, 25), (4, 5, 50, 25), (5, 4, 45, 25), (8, 9, 40, 2), (1, 2, 8, 25),
        ])
        try #require(found.count == 2)
        #expect(found[0].segments == (try [segment(3, 4), segment(4, 5)].sorted()))
        #expect(found[1].segments == [try segment(5, 4)])
        #expect(found[0].label == "No traffic for 25 min")
        let busiest = try segment(4, 5)
        #expect(found[0].place.distance(to: graph.coordinate(on: busiest, offset: 100)) < 2)
    }

    @Test("a town that goes to sleep has no closed roads, nor has a road that was never busy")
    func asleep() throws {
        var asleep = SilentStretch.Criteria()
        asleep.activity = 0.2
        #expect(try find([(3, 4, 40, 25)], asleep).isEmpty)
        #expect(try find([(3, 4, 15, 10)]).isEmpty)
        #expect(try find([(3, 4, .nan, 25), (4, 5, -3, 25), (5, 6, 40, 0)]).isEmpty)
        var none = SilentStretch.Criteria()
        none.limit = 0
        #expect(try find([(3, 4, 40, 25)], none).isEmpty)
    }

    @Test(
        "a picture has a barred line, a sign, words and a line of the legend for it, beside a jam's"
    )
    func drawn() throws {
        var map = TrafficMap(graph: graph, speeds: [graph.id(of: 0): 10], title: "Closed")
        map.bounds = graph.bounds
        let quiet = map.svg
        map.silences = try find([(3, 4, 40, 25)])
        let svg = map.svg
        #expect(XMLParser(data: Data(svg.utf8)).parse())
        func count(_ text: String, _ part: String) -> Int {
            text.components(separatedBy: part).count - 1
        }
        #expect(count(svg, "<circle class=\"e\"") == 2 && count(svg, "<path class=\"y\"") == 1)
        #expect(svg.contains(">No traffic for 25 min</text>"))
        // The sign stands beside the line: the line's middle is to be seen.
        let canvas = MapCanvas(map)
        let place = canvas.pixel(map.silences[0].place)
        let sign = try #require(
            svg.components(separatedBy: "<circle class=\"e\" cx=\"").last { !$0.isEmpty })
        let numbers = sign.components(separatedBy: "\"")
        let (x, y) = (try #require(Double(numbers[0])), try #require(Double(numbers[2])))
        #expect(place.distance(to: PlanarPoint(x: x, y: y)) > 40)
        #expect(svg.contains(">Closed? Traffic has left the road</text>"))
        for part in ["<circle class=\"e\"", "<path class=\"y\"", "Closed?"] {
            #expect(!quiet.contains(part), "\(part)")
        }
    }
}
