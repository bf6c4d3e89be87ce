import ArgumentParser
import Dataflow
import Foundation
import Sinks
import Sources
import Testing
import Transforms
import WordCount

@testable import Command

@Suite("millrace test")
struct TestCommandTests {
    /// Writes each line in capitals, and every so often, counted beside the state, a line more.
    private struct Stutter: Pipeline {
        struct Parameters: Codable, Sendable {}
        static let name = "stutter"
        static var defaults: Parameters { Parameters() }

        func build(_ graph: GraphBuilder, _ parameters: Parameters) {
            final class Counter { var count = 0 }
            let counter = Counter()
            let lines = graph.source("lines", from: KafkaSource<Line>("lines"))
            lines.rejected.sink("rejects", to: DeadLetters())
            lines.accepted.flatMap("stutter") { line -> [Line] in
                counter.count += 1
                return counter.count % 5 == 0 ? [line, line] : [line]
            }.sink("out", to: KafkaSink("out"))
        }
    }

    /// What the command says, and the status that it ends with.
    private func run(
        _ arguments: [String], _ entry: PipelineEntry
    ) throws -> (said: [String], status: Int32) {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-lines-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try (0..<40).map { "line \($0) of a file" }.joined(separator: "\n")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let command = try TestCommand.parse(
            arguments + ["--input", "lines=\(file)", "--partitions", "2", entry.name])
        var said: [String] = []
        do {
            try command.run(entry) { said.append($0) }
        } catch let code as ExitCode {
            return (said, code.rawValue)
        }
        return (said, 0)
    }

    @Test("a sound pipeline is clean under chaos: status 0, and what was checked is said")
    func sound() throws {
        let (said, status) = try run(
            ["--chaos", "--seed", "3", "--seeds", "20"], try Catalogue.entry("word-count"))
        #expect(status == 0)
        #expect(said.count == 1, "\(said)")
        let line = try #require(
            said.last?.wholeMatch(
                of: /20 of 20 seeds clean, (\d+) of 13 crash points hit, (\d+) records checked/))
        #expect((Int(line.1) ?? 0) > 0 && (Int(line.2) ?? 0) > 40, "\(line.0)")
    }

    @Test("a wrong one is not: status 1, the seed says itself, and alone it says the same again")
    func wrong() throws {
        let entry = PipelineEntry(Stutter.self, summary: "", make: { Stutter() })
        let (said, status) = try run(["--chaos", "--seeds", "20"], entry)
        #expect(status == 1)
        let problem = try #require(said.first { $0.hasPrefix("seed ") })
        let seed = try #require(problem.firstMatch(of: #/seed (\d+): topic out: /#)?.1)
        let again = try (0..<2).map { _ in
            try run(["--chaos", "--seed", String(seed)], entry)
        }
        #expect(again.allSatisfy { $0.status == 1 && $0.said.first == problem }, "\(again)")
        #expect(again[0].said == again[1].said)
    }

    @Test("what is no pipeline and no input is refused before anything is played")
    func refuses() throws {
        #expect(throws: (any Error).self) { try TestCommand.parse(["word-count"]) }
        #expect(throws: (any Error).self) {
            try TestCommand.parse(["--input", "lines=a", "--seeds", "0", "word-count"])
        }
        let command = try TestCommand.parse(["--input", "lines=a", "no-such-pipeline"])
        #expect(throws: (any Error).self) { try command.run() }
    }
}
