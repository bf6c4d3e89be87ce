import Foundation
import Geo
import TestFiles
import Testing

@testable import RoadNetwork

@Suite("Speeds for other routers")
struct InterchangeTests {
    /// An entry of an archive: name, size and content as POSIX ustar has them.
    private static func entry(_ name: String, _ content: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        header.replaceSubrange(0..<name.utf8.count, with: Array(name.utf8))
        let octal = String(content.count, radix: 8)
        let size = String(repeating: "0", count: 11 - octal.count) + octal
        header.replaceSubrange(124..<135, with: Array(size.utf8))
        let padding = (512 - content.count % 512) % 512
        return header + content + [UInt8](repeating: 0, count: padding)
    }

    private static func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func tile(_ id: ValhallaEdgeID, edges: Int, version: UInt32 = 3) -> [UInt8] {
        bytes(id.rawValue) + bytes(UInt64(7)) + bytes(UInt32(edges)) + bytes(version)
            + bytes(UInt64(0)) + [UInt8](repeating: 0, count: 8 * edges)
    }

    private static func withArchive(_ content: [UInt8], _ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("traffic-\(UInt64.random(in: 0...(.max))).tar").path
        try Data(content).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test("a speed has Valhalla's 64 bits")
    func bits() {
        let free = ValhallaSpeed(kilometersPerHour: 50, freeFlowRatio: 1.2)
        #expect(
            free.rawValue == 25 | 25 << 7 | 127 << 14 | 127 << 21 | 255 << 28 | 1 << 44)
        let jam = ValhallaSpeed(kilometersPerHour: 6.9, freeFlowRatio: 0)
        #expect(jam.rawValue == 3 | 3 << 7 | 127 << 14 | 127 << 21 | 255 << 28 | 62 << 44)
        #expect(jam.kilometersPerHour == 6)
        // 0 would close the road, and 127 is no speed.
        #expect(ValhallaSpeed(kilometersPerHour: 0, freeFlowRatio: 0).kilometersPerHour == 2)
        #expect(ValhallaSpeed(kilometersPerHour: 900, freeFlowRatio: 9).kilometersPerHour == 252)
        #expect(ValhallaSpeed(kilometersPerHour: .nan, freeFlowRatio: .nan).kilometersPerHour == 2)
        #expect(ValhallaSpeed.unknown.kilometersPerHour == nil)
        // Tile 2/802833, edge 5, as Valhalla prints it.
        let edge = ValhallaEdgeID(level: 2, tile: 802_833, index: 5)
        #expect(edge.rawValue == 2 + 802_833 * 8 + 5 << 25)
        #expect(edge.index == 5)
        #expect(edge.tile == ValhallaEdgeID(level: 2, tile: 802_833, index: 0))
    }

    @Test("speeds are set in place, and nothing else of the archive changes")
    func inPlace() throws {
        let (first, second) = (
            ValhallaEdgeID(level: 0, tile: 3_107, index: 0),
            ValhallaEdgeID(level: 2, tile: 802_833, index: 0)
        )
        let archive =
            Self.entry("index.bin", [UInt8](repeating: 1, count: 32))
            + Self.entry("0/003/107.gph", Self.tile(first, edges: 3))
            + Self.entry("2/000/802/833.gph", Self.tile(second, edges: 70))
            + [UInt8](repeating: 0, count: 1_024)
        try Self.withArchive(archive) { path in
            let traffic = try ValhallaTraffic(path: path)
            #expect(traffic.tileCount == 2)
            #expect(traffic.edgeCount(of: second) == 70)
            let speed = ValhallaSpeed(kilometersPerHour: 80, freeFlowRatio: 0.5)
            let edge = ValhallaEdgeID(level: 2, tile: 802_833, index: 69)
            #expect(try traffic.set(speed, of: edge))
            #expect(traffic.speed(of: edge) == speed)
            for other in [(0, 3), (1, 0)] {
                let edge = ValhallaEdgeID(level: other.0, tile: 3_107, index: other.1)
                #expect(try !traffic.set(speed, of: edge))
            }
            try traffic.stamp(1_760_000_000)
            #expect(traffic.isCurrent())
            // Another process that has the file mapped or reads it sees the same.
            let written = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            var expected = archive
            // Archive headers, the index and the first tile with their padding: 512 + 512 + 512 + 512.
            let tile = 2_048 + 512
            expected.replaceSubrange(
                (tile + 32 + 69 * 8)..<(tile + 32 + 70 * 8), with: Self.bytes(speed.rawValue))
            for header in [1_024 + 512, tile] {
                expected.replaceSubrange(
                    (header + 8)..<(header + 16), with: Self.bytes(UInt64(1_760_000_000)))
            }
            #expect(written == expected)
        }
    }

    @Test("what is no archive of traffic tiles is refused")
    func refused() throws {
        let id = ValhallaEdgeID(level: 0, tile: 1, index: 0)
        let short = Self.entry("0/000/001.gph", Self.tile(id, edges: 100))
        let cases: [[UInt8]] = [
            [], [UInt8](repeating: 0, count: 2_048), Array(short.prefix(700)),
            Self.entry("0/000/001.gph", Self.tile(id, edges: 2, version: 2)),
            // Whole, but for the end: it is still being written.
            Self.entry("0/000/001.gph", Self.tile(id, edges: 2)),
            Self.entry("0/000/001.gph", Array(Self.tile(id, edges: 9).prefix(60))),
            [UInt8](repeating: 65, count: 4_096),
        ]
        for content in cases {
            try Self.withArchive(content) { path in
                #expect(throws: RoadNetworkError.self) { try ValhallaTraffic(path: path) }
            }
        }
        #expect(throws: RoadNetworkError.self) { try ValhallaTraffic(path: "/nowhere/traffic.tar") }
    }

    @Test("an archive that is cut short while it is mapped gives errors and ends nothing")
    func cutShort() throws {
        let id = ValhallaEdgeID(level: 0, tile: 1, index: 0)
        let archive =
            Self.entry("0/000/001.gph", Self.tile(id, edges: 2_000))
            + [UInt8](repeating: 0, count: 1_024)
        let speed = ValhallaSpeed(kilometersPerHour: 80, freeFlowRatio: 0.5)
        let edge = ValhallaEdgeID(level: 0, tile: 1, index: 1_999)
        for size in [0, 600, 8_192, archive.count - 1] {
            try Self.withArchive(archive) { path in
                let traffic = try ValhallaTraffic(path: path)
                #expect(traffic.isCurrent())
                #expect(truncate(path, off_t(size)) == 0)
                #expect(!traffic.isCurrent())
                #expect(throws: RoadNetworkError.self) { try traffic.set(speed, of: edge) }
                #expect(throws: RoadNetworkError.self) { try traffic.clear() }
                #expect(throws: RoadNetworkError.self) { try traffic.stamp(1) }
                if size < 16_000 { #expect(traffic.speed(of: edge) == nil) }
            }
        }
    }

    @Test("an archive that was written anew at the same place is another one")
    func writtenAnew() throws {
        let id = ValhallaEdgeID(level: 0, tile: 1, index: 0)
        func archive(edges: Int) -> [UInt8] {
            Self.entry("0/000/001.gph", Self.tile(id, edges: edges))
                + [UInt8](repeating: 0, count: 1_024)
        }
        func write(_ content: [UInt8], _ path: String, atomically: Bool) throws {
            let data = Data(content)
            try data.write(to: URL(fileURLWithPath: path), options: atomically ? .atomic : [])
        }
        // The same size and the same tiles: what was noted in them is gone.
        for (edges, atomically) in [(20, false), (20, true), (21, false), (400, false)] {
            try Self.withArchive(archive(edges: 20)) { path in
                let traffic = try ValhallaTraffic(path: path)
                try traffic.stamp(1_760_000_000)
                #expect(traffic.isCurrent())
                try write(archive(edges: edges), path, atomically: atomically)
                #expect(!traffic.isCurrent())
                #expect(try ValhallaTraffic(path: path).edgeCount(of: id) == edges)
            }
        }
        try Self.withArchive(archive(edges: 20)) { path in
            let traffic = try ValhallaTraffic(path: path)
            try FileManager.default.removeItem(atPath: path)
            #expect(!traffic.isCurrent())
        }
    }

    /// A road along the equator with two side streets, nodes every 0.001 degrees (111 m).
    private static func road() throws -> RoadGraph {
        var builder = RoadGraphBuilder()
        for node in 0..<7 {
            builder.addNode(
                Int64(node + 1), Coordinate(latitude: 0, longitude: Double(node) * 0.001))
        }
        builder.addNode(20, Coordinate(latitude: 0.001, longitude: 0.002))
        builder.addWay(10, nodes: [1, 2, 3, 4, 5, 6, 7], RoadAttributes(.primary))
        builder.addWay(11, nodes: [3, 20], RoadAttributes(.residential))
        return try builder.build()
    }

    @Test("edges that are cut elsewhere find the segments along them, each in its direction")
    func edges() throws {
        let graph = try Self.road()
        let table = try ValhallaEdges(
            lines: [
                "edge,shape", "8,0 0 0.004 0", "16,0.004 0 0 0", "24,0.5 0.5 0.6 0.5", "",
            ], along: graph)
        #expect(table.unmatched == 1)
        #expect(table.edges.map(\.id.rawValue) == [8, 16])
        for edge in table.edges {
            #expect(edge.parts.count == 2)
            #expect(abs(edge.parts.reduce(0) { $0 + $1.share } - 1) < 1e-9)
            #expect(edge.parts.allSatisfy { abs($0.share - 0.5) < 0.03 })
        }
        let segments = table.edges.map { Set($0.parts.map(\.segment)) }
        #expect(segments[0].isDisjoint(with: segments[1]))
        #expect(Set(segments[0].map { graph.reverse($0) }) == Set(segments[1].map(Optional.some)))
        for segment in segments[0] { #expect(table.bySegment[segment] == [0]) }
        #expect(table.listed.values.sorted() == [1, 1, 1])
        #expect(throws: RoadNetworkError.self) {
            try ValhallaEdges(lines: ["edge,shape", "8,0 x"], along: graph)
        }
        for shape in ["nan nan", "0 0 inf 0", "0 0 0 91", "1e300 0"] {
            #expect(throws: RoadNetworkError.self, "\(shape)") {
                try ValhallaEdges(lines: ["edge,shape", "8,\(shape)"], along: graph)
            }
        }
        #expect(throws: RoadNetworkError.self) {
            try ValhallaEdges(lines: ["edge,shape", "eight"], along: graph)
        }
    }

    @Test("OSRM's lines name neighbouring nodes in the direction of travel")
    func lines() throws {
        let graph = try Self.road()
        let speeds = OSRMSpeeds(nodes: [10: [1, 2, 3, 4, 5, 6, 7], 11: [3, 20]])
        func lines(_ from: Int64, _ to: Int64) -> [String] {
            let segment = (0..<graph.segmentCount).first {
                graph.nodeID(graph.startNode($0)) == from && graph.nodeID(graph.endNode($0)) == to
            }
            return segment.map { speeds.lines(of: $0, in: graph, kilometersPerHour: 48.6) } ?? []
        }
        #expect(lines(1, 3) == ["1,2,49", "2,3,49"])
        #expect(lines(3, 1) == ["3,2,49", "2,1,49"])
        #expect(lines(3, 7) == ["3,4,49", "4,5,49", "5,6,49", "6,7,49"])
        #expect(lines(20, 3) == ["20,3,49"])
        // The graph takes a node that is given twice in a row for one.
        let repeating = OSRMSpeeds(nodes: [10: [1, 1, 2, 3, 3, 3, 4, 5, 5, 6, 7], 11: [3, 20]])
        for segment in 0..<graph.segmentCount {
            #expect(
                repeating.lines(of: segment, in: graph, kilometersPerHour: 48.6)
                    == speeds.lines(of: segment, in: graph, kilometersPerHour: 48.6))
        }
        for odd in [Double.nan, .infinity] {
            #expect(speeds.lines(of: 0, in: graph, kilometersPerHour: odd).isEmpty)
        }
        #expect(
            speeds.lines(of: 0, in: graph, kilometersPerHour: 1e300).allSatisfy {
                $0.hasSuffix(",1000")
            })
        #expect(
            OSRMSpeeds(nodes: [:]).lines(of: 0, in: graph, kilometersPerHour: 48.6).isEmpty)
    }

    @Test(
        "the nodes of a real map's ways cover every segment",
        .enabled(if: SharedData.has("osm/monaco-2012-06.osm.pbf"), "../shared is missing"))
    func realNodes() throws {
        let path = try #require(SharedData.path("osm/monaco-2012-06.osm.pbf"))
        let graph = try RoadGraph(contentsOfOSMFile: path)
        let speeds = try OSRMSpeeds(contentsOfOSMFile: path)
        for segment in 0..<graph.segmentCount {
            let count = speeds.lines(of: segment, in: graph, kilometersPerHour: 30).count
            #expect(count == graph.geometry(segment).coordinates.count - 1)
        }
    }
}
