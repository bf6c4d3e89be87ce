import Foundation
import Geo
import OperatorTesting
import Records
import RoadNetwork
import TestFiles
import Testing

@testable import TrafficUpdates

@Suite("A router that reads the files")
struct RouterPeerTests {
    /// The folder of Valhalla's commands; nil: nobody installed it.
    private static let commands = ProcessInfo.processInfo.environment["MILLRACE_VALHALLA"]
    private static let map = "osm/monaco-2012-06.osm.pbf"

    /// What a route that starts now takes.
    private struct Answer: Hashable {
        var seconds: Double
        /// `longitude latitude` pairs.
        var shape: String
    }

    /// Valhalla in a process of its own, which runs on from answer to answer.
    private final class Router {
        private let process = Process()
        private let (input, output) = (Pipe(), Pipe())
        private var text = ""

        init(_ script: String, _ configuration: String) throws {
            process.executableURL = URL(fileURLWithPath: (commands ?? "") + "/python")
            process.arguments = [script, configuration]
            process.standardInput = input
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
        }

        func route(_ places: String) throws -> Answer {
            try input.fileHandleForWriting.write(contentsOf: Data("\(places)\n".utf8))
            while true {
                while let end = text.firstIndex(of: "\n") {
                    let words = text[..<end].split(separator: " ", maxSplits: 2)
                    text.removeSubrange(...end)
                    // Lines between are its log.
                    if words.first == "route", let seconds = Double(words[1]) {
                        return Answer(seconds: seconds, shape: String(words[2]))
                    }
                    try #require(words.first != "failed")
                }
                let data = output.fileHandleForReading.availableData
                try #require(!data.isEmpty, "the router has ended")
                text += String(decoding: data, as: UTF8.self)
            }
        }

        /// Ends with its input.
        func stop() {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }

    @Test(
        "Valhalla routes around a jam as soon as it is exported, in its running process, and as before once the rows have aged out",
        .enabled(if: commands != nil, "MILLRACE_VALHALLA is not set; .ci/test makes it"),
        .enabled(if: SharedData.has(map), "../shared is missing"), .timeLimit(.minutes(10)))
    func routes() async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result(catching: RouterPeerTests.exportAndRoute))
            }
        }
    }

    private static func exportAndRoute() throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-router-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let scripts =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path + "/.ci/router-peer"
        let map = try #require(SharedData.path(map))
        let preparation = try Process.run(
            URL(fileURLWithPath: scripts), arguments: [map, directory])
        preparation.waitUntilExit()
        try #require(preparation.terminationStatus == 0)

        let graph = try RoadGraph(contentsOfOSMFile: map)
        let clock = ManualClock()
        clock.set(EventTime(milliseconds: 6 * 60_000))
        let export = try RouterExport(
            graph: graph,
            valhalla: .init(
                archive: directory + "/traffic.tar", edges: directory + "/edges.csv", along: graph),
            osrm: nil, age: 600_000, clock: clock)
        let router = try Router(scripts + ".py", directory + "/valhalla.json")
        defer { router.stop() }

        // Across Monaco.
        let places = "7.4155,43.7312 7.4275,43.7430"
        let free = try router.route(places)
        #expect(try router.route(places) == free)

        // One road on the way that is jammed: the longest, but for those on which there is no other way.
        let segments = try segments(along: free, graph)
        #expect(segments.count > 10)
        let inner = segments.dropFirst(3).dropLast(3)
        let jammed = try #require(inner.max { graph.length($0) < graph.length($1) })
        export.take(RouterExportTests.update(graph.id(of: jammed).rawValue, minute: 5, speed: 0.5))
        #expect(try export.write().edges > 0)
        let around = try router.route(places)
        #expect(around != free)
        #expect(around.seconds > free.seconds)

        // All of the way: whatever way is left, it takes longer still.
        for segment in segments {
            let id = graph.id(of: segment).rawValue
            export.take(RouterExportTests.update(id, minute: 5, revision: 2, speed: 0.5))
        }
        _ = try export.write()
        let slow = try router.route(places)
        #expect(slow.shape != free.shape)
        #expect(slow.seconds > free.seconds + 30)
        print(
            "Valhalla: \(free.seconds) s, with a jam \(around.seconds) s\(around.shape == free.shape ? "" : ", another way"), with all of the way jammed \(slow.seconds) s"
        )

        // The windows have ended at minute 6 and are told for ten minutes.
        clock.set(EventTime(milliseconds: 16 * 60_000))
        _ = try export.write()
        #expect(try router.route(places) == slow)
        clock.advance(byMilliseconds: 1)
        #expect(try export.write().segments == segments.count)
        #expect(try router.route(places) == free)

        // An orderly end takes back what was told.
        export.take(RouterExportTests.update(graph.id(of: jammed).rawValue, minute: 7, speed: 0.5))
        _ = try export.write()
        #expect(try router.route(places) != free)
        try export.clear()
        #expect(try router.route(places) == free)
    }

    /// The segments along a route, in its order.
    private static func segments(along route: Answer, _ graph: RoadGraph) throws -> [Int] {
        let numbers = route.shape.split(separator: " ").compactMap { Double($0) }
        let shape = stride(from: 0, to: numbers.count - 1, by: 2).map {
            Coordinate(latitude: numbers[$0 + 1], longitude: numbers[$0])
        }
        let table = try ValhallaEdges(lines: ["1,\(route.shape)"], along: graph)
        let parts = try #require(table.edges.first).parts.map(\.segment)
        return parts.sorted {
            let line = Polyline(shape)
            let (a, b) = (
                graph.coordinate(on: $0, offset: graph.length($0) / 2),
                graph.coordinate(on: $1, offset: graph.length($1) / 2)
            )
            return (line.projection(of: a)?.offset ?? 0) < (line.projection(of: b)?.offset ?? 0)
        }
    }
}
