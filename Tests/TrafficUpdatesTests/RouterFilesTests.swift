import Foundation
import Geo
import OperatorTesting
import Records
import RoadNetwork
import Testing

@testable import TrafficUpdates

@Suite("The files of other routers")
struct RouterFilesTests {
    private static let minute: Int64 = 60_000
    private static let age: Int64 = 600_000

    /// A road with a crossing behind its middle, both ways open: four segments.
    private static func road() throws -> RoadGraph {
        var builder = RoadGraphBuilder()
        for node in 0..<3 {
            builder.addNode(
                Int64(node + 1),
                Coordinate(latitude: 0, longitude: [0, 0.0024, 0.004][node]))
        }
        builder.addNode(20, Coordinate(latitude: 0.001, longitude: 0.0024))
        builder.addWay(10, nodes: [1, 2, 3], RoadAttributes(.primary))
        builder.addWay(11, nodes: [2, 20], RoadAttributes(.residential))
        return try builder.build()
    }

    /// An archive of one tile with 8 edges or another number up to 56, each with the bits that are given.
    private static func archive(_ bits: UInt64, edges: Int = 8) -> [UInt8] {
        func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        var header = [UInt8](repeating: 0, count: 512)
        header.replaceSubrange(0..<5, with: Array("0.gph".utf8))
        header.replaceSubrange(124..<135, with: Array("00000000740".utf8))
        let tile =
            bytes(UInt64(0)) + bytes(UInt64(7)) + bytes(UInt32(edges)) + bytes(UInt32(3))
            + bytes(UInt64(0)) + (0..<edges).flatMap { _ in bytes(bits) }
        return header + tile + [UInt8](repeating: 0, count: 1_024 - tile.count + 512)
    }

    private struct Scene {
        let graph: RoadGraph
        let clock: ManualClock
        let archive: String
        let edges: String
        let table: String

        /// Lists the edges; edge 0 lies along the first part of the road, edge 1 along all of it, edge 2 along the
        /// second part, and the others elsewhere.
        func listEdges(count: Int = 8) throws {
            var lines = ["edge,shape"]
            for index in 0..<count {
                let shapes = ["0 0 0.0024 0", "0 0 0.004 0", "0.0024 0 0.004 0"]
                lines.append(
                    "\(Scene.edge(index).rawValue),\(index < 3 ? shapes[index] : "9 9 9 9.001")")
            }
            try lines.joined(separator: "\n").write(
                toFile: edges, atomically: true, encoding: .utf8)
        }

        /// The exporter of the scene.
        func export(isRecorded: Bool = false) throws -> RouterExport {
            try RouterExport(
                graph: graph,
                valhalla: .init(archive: archive, edges: edges, along: graph),
                osrm: .init(
                    speeds: OSRMSpeeds(nodes: [10: [1, 2, 3], 11: [2, 20]]), path: table),
                age: RouterFilesTests.age, clock: clock, isRecorded: isRecorded)
        }

        static func edge(_ index: Int) -> ValhallaEdgeID {
            ValhallaEdgeID(level: 0, tile: 0, index: index)
        }

        func segment(_ from: Int64, _ to: Int64) -> UInt64 {
            let index = (0..<graph.segmentCount).first {
                graph.nodeID(graph.startNode($0)) == from && graph.nodeID(graph.endNode($0)) == to
            }
            return index.map { graph.id(of: $0).rawValue } ?? 0
        }

        /// What another process reads of an edge; nil: unknown.
        func speed(_ edge: Int) throws -> Int? {
            try ValhallaTraffic(path: archive).speed(of: Scene.edge(edge))?.kilometersPerHour
                .map { Int($0) }
        }

        func lines() throws -> [String] {
            try String(contentsOfFile: table, encoding: .utf8).split(separator: "\n").map(
                String.init)
        }

        /// Sets the clock to a number of minutes since 1970.
        func set(minutes: Int64) {
            clock.set(EventTime(milliseconds: minutes * RouterFilesTests.minute))
        }
    }

    private static func withScene(
        _ bits: UInt64 = 0, _ body: (Scene) throws -> Void
    ) throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-routers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appendingPathComponent("traffic.tar").path
        try Data(archive(bits)).write(to: URL(fileURLWithPath: path))
        let scene = Scene(
            graph: try road(), clock: ManualClock(), archive: path,
            edges: directory.appendingPathComponent("edges.csv").path,
            table: directory.appendingPathComponent("speeds.csv").path)
        try scene.listEdges()
        try body(scene)
    }

    @Test("an edge gets the speed of what lies along it, and a line each pair of nodes")
    func speeds() throws {
        try Self.withScene { scene in
            scene.set(minutes: 6)
            let export = try scene.export()
            export.take(RouterExportTests.update(scene.segment(1, 2), minute: 5, speed: 10))
            let round = try export.write()
            #expect(round == RouterExport.Round(segments: 1, edges: 2, lines: 1))
            // More than half of the second edge is known, which is enough.
            #expect(try scene.speed(0) == 36)
            #expect(try scene.speed(1) == 36)
            #expect(try scene.lines() == ["1,2,36"])
            export.take(RouterExportTests.update(scene.segment(2, 3), minute: 5, speed: 5))
            #expect(try export.write().edges == 2)
            // The time of both halves: the harmonic mean.
            #expect(try scene.speed(0) == 36)
            #expect(try scene.speed(1) == 26)
            // Nothing has changed: nothing is written.
            #expect(try export.write() == RouterExport.Round())
            // A row that is taken back is taken back.
            export.take(RouterExportTests.update(scene.segment(1, 2), minute: 5, speed: nil))
            _ = try export.write()
            #expect(try scene.speed(0) == nil)
            #expect(try scene.speed(1) == nil)
            #expect(try scene.lines() == ["2,3,18"])
        }
    }

    @Test(
        "when the feed stops, speeds grow old by the clock and become unknown, record or no record")
    func feedStops() throws {
        try Self.withScene { scene in
            scene.set(minutes: 6)
            let export = try scene.export()
            export.take(RouterExportTests.update(scene.segment(1, 2), minute: 5, speed: 2))
            export.take(RouterExportTests.update(scene.segment(2, 3), minute: 6, speed: 2))
            _ = try export.write()
            #expect(try scene.speed(0) != nil)
            // The first window ended at minute 6, and may be ten minutes old.
            scene.set(minutes: 16)
            #expect(try export.write() == RouterExport.Round())
            scene.clock.advance(byMilliseconds: 1)
            #expect(try export.write().segments == 1)
            #expect(try scene.speed(0) == nil)
            #expect(try scene.speed(2) != nil)
            #expect(try scene.lines() == ["2,3,7"])
            scene.set(minutes: 60)
            _ = try export.write()
            #expect(try scene.speed(2) == nil)
            #expect(try scene.lines().isEmpty)
            // What is read late is too old to be told at all.
            export.take(RouterExportTests.update(scene.segment(1, 2), minute: 40, speed: 2))
            _ = try export.write()
            #expect(try scene.speed(0) == nil)
            #expect(try scene.lines().isEmpty)
        }
    }

    @Test("history that is played again ages by its own time")
    func recorded() throws {
        try Self.withScene { scene in
            scene.set(minutes: 1_000_000)
            let export = try scene.export(isRecorded: true)
            export.take(RouterExportTests.update(scene.segment(1, 2), minute: 5))
            _ = try export.write()
            #expect(try scene.speed(0) == 36)
            export.take(RouterExportTests.update(scene.segment(2, 3), minute: 16))
            _ = try export.write()
            #expect(try scene.speed(0) == nil)
            #expect(try scene.lines() == ["2,3,36"])
        }
    }

    @Test("whatever a crash left in the archive, all is unknown until it is heard of")
    func crash() throws {
        let old = ValhallaSpeed(kilometersPerHour: 6, freeFlowRatio: 0.1)
        try Self.withScene(old.rawValue) { scene in
            scene.set(minutes: 6)
            try "1,2,6\n".write(toFile: scene.table, atomically: true, encoding: .utf8)
            // A writer that dies in the midst of a round: some edges are new, some old, each one whole.
            let dying = try ValhallaTraffic(path: scene.archive)
            try dying.set(ValhallaSpeed(kilometersPerHour: 80, freeFlowRatio: 1), of: Scene.edge(3))
            #expect(try (0..<8).map { try scene.speed($0) } == [6, 6, 6, 80, 6, 6, 6, 6])
            let export = try scene.export()
            #expect(try (0..<8).allSatisfy { try scene.speed($0) == nil })
            export.take(RouterExportTests.update(scene.segment(1, 2), minute: 5))
            _ = try export.write()
            #expect(
                try (0..<8).map { try scene.speed($0) } == [36, 36]
                    + Array(repeating: nil, count: 6))
            #expect(try scene.lines() == ["1,2,36"])
            // An orderly end leaves nothing that grows old.
            try export.clear()
            #expect(try (0..<8).allSatisfy { try scene.speed($0) == nil })
            #expect(try scene.lines().isEmpty)
        }
    }

    @Test("before anything is read, the table holds nothing that an earlier exporter has left")
    func emptyTable() throws {
        try Self.withScene { scene in
            try "1,2,6\n".write(toFile: scene.table, atomically: true, encoding: .utf8)
            _ = try scene.export()
            #expect(try scene.lines().isEmpty)
        }
    }

    @Test(
        "an archive that was made anew is told everything, whether it was put in place whole or written in place",
        arguments: [true, false])
    func madeAnew(atomically: Bool) throws {
        try Self.withScene { scene in
            scene.set(minutes: 6)
            let export = try scene.export()
            export.take(RouterExportTests.update(scene.segment(1, 2), minute: 5))
            _ = try export.write()
            let place = URL(fileURLWithPath: scene.archive)
            try Data(Self.archive(0)).write(to: place, options: atomically ? .atomic : [])
            #expect(try scene.speed(0) == nil)
            // No record has come.
            #expect(
                try export.write()
                    == RouterExport.Round(segments: 0, edges: 2, lines: 0, isArchiveNew: true))
            #expect(try scene.speed(0) == 36)
            #expect(try export.write() == RouterExport.Round())
            // Other tiles, whose edges are not listed yet: nothing is told to the wrong edge.
            try Data(Self.archive(0, edges: 9)).write(to: place, options: atomically ? .atomic : [])
            export.take(RouterExportTests.update(scene.segment(2, 3), minute: 5, speed: 5))
            let error = #expect(throws: RoadNetworkError.self) { try export.write() }
            #expect(error?.description.contains("has 8 of Valhalla's tile 0") == true)
            #expect(try (0..<9).allSatisfy { try scene.speed($0) == nil })
            #expect(
                try Set(scene.lines()) == ["1,2,36", "2,3,18"], "the other router has it")
            try scene.listEdges(count: 9)
            #expect(try export.write().isArchiveNew)
            #expect(try (0..<3).map { try scene.speed($0) } == [36, 26, 18])
        }
    }

    @Test("an archive that is cut short, or is gone, fails the round and ends nothing")
    func cutShort() throws {
        try Self.withScene { scene in
            scene.set(minutes: 6)
            let export = try scene.export()
            for size in [0, 100, 600] {
                try Data(Self.archive(0).prefix(size)).write(
                    to: URL(fileURLWithPath: scene.archive))
                export.take(RouterExportTests.update(scene.segment(1, 2), minute: 5))
                #expect(throws: RoadNetworkError.self) { try export.write() }
            }
            try FileManager.default.removeItem(atPath: scene.archive)
            #expect(throws: RoadNetworkError.self) { try export.write() }
            #expect(throws: RoadNetworkError.self) { try export.clear() }
            export.take(RouterExportTests.update(scene.segment(1, 2), minute: 5))
            try Data(Self.archive(0)).write(to: URL(fileURLWithPath: scene.archive))
            #expect(try export.write().isArchiveNew)
            #expect(try scene.speed(0) == 36)
        }
    }

    @Test("a table of other tiles' edges is refused at the start")
    func otherTiles() throws {
        try Self.withScene { scene in
            try scene.listEdges(count: 7)
            #expect(throws: RoadNetworkError.self) { try scene.export() }
        }
    }

    @Test("a table that couldn't be written is written by the next round")
    func unwritable() throws {
        try Self.withScene { scene in
            scene.set(minutes: 6)
            let directory = scene.table
            let export = try scene.export()
            // A directory stands where the table belongs.
            try FileManager.default.removeItem(atPath: directory)
            try FileManager.default.createDirectory(
                atPath: directory + "/x", withIntermediateDirectories: true)
            #expect(throws: RoadNetworkError.self) { try scene.export() }
            export.take(RouterExportTests.update(scene.segment(1, 2), minute: 5))
            #expect(throws: RoadNetworkError.self) { try export.write() }
            #expect(try scene.speed(0) == 36, "the other router has it")
            try FileManager.default.removeItem(atPath: directory)
            #expect(try export.write().lines == 1)
            #expect(try scene.lines() == ["1,2,36"])
        }
    }
}
