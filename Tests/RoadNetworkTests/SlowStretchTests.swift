import Foundation
import FoundationXML
import Geo
import RoadNetwork
import Testing

/// What stands out among published speeds.
@Suite("Slow stretches")
struct SlowStretchTests {
    /// A grid of 8 by 8 crossings, 200 m apart, of two-way roads at 50 km/h; way 3 (row 3) is driven east.
    private let graph: RoadGraph
    private static let side = 8

    init() throws {
        var builder = RoadGraphBuilder()
        let plane = LocalProjection(origin: Coordinate(latitude: 49, longitude: 8))
        for row in 0..<Self.side {
            for column in 0..<Self.side {
                builder.addNode(
                    Int64(10 * row + column),
                    plane.unproject(PlanarPoint(x: Double(column) * 200, y: Double(row) * 200)))
            }
        }
        for line in 0..<Self.side {
            builder.addWay(
                Int64(line + 1), nodes: (0..<Self.side).map { Int64(10 * line + $0) },
                RoadAttributes(.secondary, speedLimit: 50))
            builder.addWay(
                Int64(line + 11), nodes: (0..<Self.side).map { Int64(10 * $0 + line) },
                RoadAttributes(.secondary, speedLimit: 50))
        }
        graph = try builder.build()
    }

    private func segment(_ from: Int64, _ to: Int64) throws -> Int {
        try #require(
            (0..<graph.segmentCount).first {
                graph.nodeID(graph.startNode($0)) == from && graph.nodeID(graph.endNode($0)) == to
            })
    }

    /// Speeds at a share of free flow everywhere, and at others on the segments between nodes.
    private func speeds(
        _ ratio: Double, except others: [(from: Int64, to: Int64, ratio: Double)] = []
    ) throws -> [SegmentID: Double] {
        var speeds: [SegmentID: Double] = [:]
        for segment in 0..<graph.segmentCount {
            speeds[graph.id(of: segment)] = graph.freeFlowSpeed(segment) * ratio
        }
        for other in others {
            let segment = try segment(other.from, other.to)
            speeds[graph.id(of: segment)] = graph.freeFlowSpeed(segment) * other.ratio
        }
        return speeds
    }

    @Test("a jam is found whole, in its own direction, with its worst place and what it costs")
    func found() throws {
        let speeds = try speeds(
            0.9, except: [(31, 32, 0.3), (32, 33, 0.1), (33, 34, 0.2), (40, 41, 0.4)])
        let stretches = SlowStretch.find(graph, speeds: speeds)
        try #require(stretches.count == 1)
        let jam = stretches[0]
        let wanted = try [segment(31, 32), segment(32, 33), segment(33, 34)].sorted()
        #expect(jam.segments == wanted)
        #expect(abs(jam.length - 600) < 3)
        let free = jam.freeFlowSpeed
        let seconds = 200 / free * (1 / 0.3 + 1 / 0.1 + 1 / 0.2)
        #expect(abs(jam.delay - (seconds - 600 / free)) < 2)
        #expect(abs(jam.speed - 600 / seconds) < 0.05)
        let worst = try segment(32, 33)
        #expect(jam.place.distance(to: graph.coordinate(on: worst, offset: 100)) < 2)
        #expect(
            jam.label
                == "\(Int((jam.speed * 3.6).rounded())) km/h instead of \(Int((free * 3.6).rounded()))"
        )
    }

    @Test("both directions of a road are two stretches, and jams apart are told costliest first")
    func several() throws {
        let speeds = try speeds(
            0.9,
            except: [
                (31, 32, 0.1), (32, 31, 0.12), (51, 52, 0.05), (15, 16, 0.11), (71, 72, 0.14),
            ])
        let stretches = SlowStretch.find(graph, speeds: speeds)
        let wanted = try [segment(51, 52), segment(31, 32), segment(15, 16)]
        #expect(stretches.map(\.segments) == wanted.map { [$0] })
        var criteria = SlowStretch.Criteria()
        criteria.limit = 9
        #expect(SlowStretch.find(graph, speeds: speeds, criteria).count == 5)
        criteria.limit = 0
        #expect(SlowStretch.find(graph, speeds: speeds, criteria).isEmpty)
    }

    @Test("a slow town has no incident, nor has a slow corner of little cost")
    func nothing() throws {
        #expect(SlowStretch.find(graph, speeds: [:]).isEmpty)
        #expect(SlowStretch.find(graph, speeds: try speeds(0.9)).isEmpty)
        #expect(SlowStretch.find(graph, speeds: try speeds(0.25)).isEmpty)
        // 200 m at a third of 50 km/h cost less than half a minute.
        let corner = try speeds(0.9, except: [(31, 32, 0.34)])
        #expect(SlowStretch.find(graph, speeds: corner).isEmpty)
        // Where all is slow, what is far slower still stands out.
        let worse = try speeds(0.4, except: [(31, 32, 0.05)])
        #expect(SlowStretch.find(graph, speeds: worse).count == 1)
    }

    @Test("speeds that say nothing are passed over, and a standstill has a finite cost")
    func oddSpeeds() throws {
        var speeds = try speeds(0.9, except: [(31, 32, 0)])
        speeds[graph.id(of: try segment(0, 1))] = .nan
        speeds[graph.id(of: try segment(1, 2))] = .infinity
        speeds[graph.id(of: try segment(2, 3))] = -1
        speeds[SegmentID(rawValue: 1)] = 0
        let stretches = SlowStretch.find(graph, speeds: speeds)
        try #require(stretches.count == 1)
        #expect(stretches[0].segments == [try segment(31, 32)])
        #expect(stretches[0].delay.isFinite && abs(stretches[0].speed * 3.6 - 1) < 1e-9)
    }

    @Test("only what lies in the picture is told")
    func view() throws {
        let speeds = try speeds(0.9, except: [(31, 32, 0.05), (55, 56, 0.1)])
        let corner = graph.coordinate(ofNode: graph.startNode(try segment(55, 56)))
        let view = BoundingBox(containing: [corner]).expanded(byMeters: 250)
        let stretches = SlowStretch.find(graph, speeds: speeds, in: view)
        #expect(stretches.map(\.segments) == [[try segment(55, 56)]])
    }

    @Test(
        "a picture has a glow, a sign, words and a line of the legend for a jam, and none without")
    func drawn() throws {
        let speeds = try speeds(0.9, except: [(31, 32, 0.05), (32, 33, 0.1), (55, 56, 0.1)])
        var map = TrafficMap(graph: graph, speeds: speeds, title: "Jam")
        let quiet = map.svg
        map.stretches = SlowStretch.find(graph, speeds: speeds)
        try #require(map.stretches.count == 2)
        let svg = map.svg
        #expect(XMLParser(data: Data(svg.utf8)).parse())
        for stretch in map.stretches { #expect(svg.contains(">\(stretch.label)</text>")) }
        func count(_ text: String, _ part: String) -> Int {
            text.components(separatedBy: part).count - 1
        }
        // One sign a jam, one in the legend; one glow.
        #expect(count(svg, "<path class=\"i\"") == 3)
        #expect(count(svg, "<path class=\"h\"") == 1)
        #expect(svg.contains("Jam: far slower than elsewhere"))
        for part in ["<path class=\"i\"", "<path class=\"h\"", "Jam: far"] {
            #expect(!quiet.contains(part), "\(part)")
        }
    }

    @Test("no words lie upon others, however close the signs are")
    func labels() throws {
        let speeds = try speeds(0.9, except: [(31, 32, 0.05), (32, 31, 0.06), (42, 43, 0.1)])
        var map = TrafficMap(graph: graph, speeds: speeds, title: "Jam")
        map.stretches = SlowStretch.find(graph, speeds: speeds)
        for column in 0..<Self.side {
            map.markers.append(
                .init(place: graph.coordinate(ofNode: column), label: "beside the legend"))
        }
        let rectangle =
            /<rect class="p" x="(-?\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)"/
        let panels = try map.svg.matches(of: rectangle).map { match in
            try [match.1, match.2, match.3, match.4].map { try #require(Int($0)) }
        }
        #expect(panels.count > 3)
        for (index, a) in panels.enumerated() {
            #expect(a[0] >= 0 && a[0] + a[2] <= Int(TrafficMap.width))
            for b in panels[..<index] {
                // To the pixel: places are rounded.
                let apart =
                    a[0] + a[2] <= b[0] + 1 || b[0] + b[2] <= a[0] + 1 || a[1] + a[3] <= b[1] + 1
                    || b[1] + b[3] <= a[1] + 1
                #expect(apart, "\(a) on \(b)")
            }
        }
    }
}
