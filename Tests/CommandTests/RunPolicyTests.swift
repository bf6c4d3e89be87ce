import ArgumentParser
import Dataflow
import Foundation
import Records
import Testing

@testable import Command

@Suite("Flags of millrace run")
struct RunPolicyTests {
    @Test("sizes are read as people write them")
    func sizes() {
        #expect(ByteSize(argument: "512")?.bytes == 512)
        #expect(ByteSize(argument: "64K")?.bytes == 65_536)
        #expect(ByteSize(argument: "300m")?.bytes == 300 << 20)
        #expect(ByteSize(argument: "2G")?.bytes == 2 << 30)
        for text in ["", "G", "0", "-1", "1.5G", "2GB", "9999999999T"] {
            #expect(ByteSize(argument: text) == nil, "\(text)")
        }
    }

    @Test("what the flags say is asked for, what they don't say isn't")
    func flags() throws {
        let none = try RunCommand.parse(["word-count"])
        #expect(none.policy == .init())
        let some = try RunCommand.parse([
            "word-count", "--commit-interval", "50", "--commit-records", "100",
            "--max-state-bytes", "10M", "--max-state-keys", "7", "--max-process-state-bytes", "1G",
        ])
        #expect(
            some.policy
                == .init(
                    commitMilliseconds: 50, commitRecords: 100, maximumStateBytes: 10 << 20,
                    maximumStateKeys: 7))
        #expect(some.maxProcessStateBytes?.bytes == 1 << 30)
        for wrong in [
            ["--commit-interval", "9"], ["--commit-records", "0"], ["--max-state-keys", "0"],
            ["--max-state-bytes", "many"],
        ] {
            #expect(throws: (any Error).self) { try RunCommand.parse(["word-count"] + wrong) }
        }
    }

    @Test("a recording's topics keep what was recorded long ago")
    func retention() throws {
        let plan = try Catalogue.entry("traffic-updates").plan(parameters: nil)
        let usual = PipelineRunner.topics(of: plan, keepsAll: false)
        #expect(usual == plan.topics && usual.contains { $0.retention == .clusterDefault })
        let kept = PipelineRunner.topics(of: plan, keepsAll: true)
        #expect(kept.map(\.name) == usual.map(\.name))
        #expect(!kept.contains { $0.retention == .clusterDefault })
    }

    @Test("the memory that a process may have is known")
    func memory() throws {
        #expect(MemoryLimit.bytes > 0)
        #expect(MemoryLimit.bytes <= Int(clamping: ProcessInfo.processInfo.physicalMemory))
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-limit-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for (text, limit) in [("max\n", nil), ("1048576\n", 1_048_576)] as [(String, Int?)] {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(MemoryLimit.limit(path) == limit)
        }
        #expect(MemoryLimit.limit(path + "-none") == nil)
    }
}
