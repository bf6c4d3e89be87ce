import ArgumentParser
import Foundation
import Records
import Testing

@testable import Command

@Suite("Files of parameters of a run")
struct ParameterFilesTests {
    private let both = ["location-ingest", "traffic-updates"]

    @Test("a file is for the pipeline that it is given for, a plain one for the only one")
    func named() throws {
        let files = try ParameterFiles(
            ["traffic-updates=a=b.yaml", "location-ingest=c.yaml"], for: both)
        #expect(files.path(of: "traffic-updates") == "a=b.yaml")
        #expect(files.path(of: "location-ingest") == "c.yaml")
        let some = try ParameterFiles(["traffic-updates=a.yaml"], for: both)
        #expect(some.path(of: "location-ingest") == nil)
        for plain in ["d.yaml", "dir=1/d.yaml"] {
            let only = try ParameterFiles([plain], for: ["traffic-updates"])
            #expect(only.path(of: "traffic-updates") == plain)
        }
        let command = try RunCommand.parse(
            both + ["--config", "traffic-updates=a.yaml", "--config", "location-ingest=b.yaml"])
        #expect(command.config.count == 2)
    }

    @Test(
        "what fits no pipeline, or a pipeline twice, is refused",
        arguments: [
            ["a.yaml"], ["word-count=a.yaml"], ["traffic=a.yaml"], ["traffic-updates="],
            ["traffic-updates=a.yaml", "traffic-updates=b.yaml"],
        ])
    func refused(options: [String]) {
        #expect(throws: ValidationError.self) { try ParameterFiles(options, for: both) }
        #expect(throws: (any Error).self) {
            try RunCommand.parse(both + options.flatMap { ["--config", $0] })
        }
    }

    @Test("for a single pipeline another's name is a mistake, and so are two files or a name twice")
    func single() {
        for options in [["traffic-updates=a.yaml"], ["a.yaml", "word-count=b.yaml"]] {
            #expect(throws: ValidationError.self) {
                try ParameterFiles(options, for: ["word-count"])
            }
        }
        #expect(throws: (any Error).self) { try RunCommand.parse(["word-count", "word-count"]) }
    }

    @Test("a file that isn't there is named when it is read, and one that is there is read")
    func read() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-parameters-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let files = try ParameterFiles(["traffic-updates=\(path)"], for: both)
        #expect(throws: DataflowError.self) { try files.parameters(of: "traffic-updates") }
        try "minimumVehicles: 1\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try files.parameters(of: "traffic-updates") == "minimumVehicles: 1\n")
        #expect(try files.parameters(of: "location-ingest") == nil)
    }

    @Test("a recording is played with --from in the order of time, or where --recorded says so")
    func recorded() throws {
        func plays(_ arguments: [String]) throws -> Bool {
            try RunCommand.parse(arguments).playsRecording
        }
        #expect(try plays(both + ["--from", "a.jsonl"]))
        #expect(try !plays(both + ["--from", "-", "--order", "given"]))
        #expect(try plays(both + ["--from", "-", "--order", "given", "--recorded"]))
        #expect(try !plays(["traffic-updates"]))
        #expect(try plays(["traffic-updates", "--recorded"]))
    }
}
