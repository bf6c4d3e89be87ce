import BrokerModel
import EmbeddedBroker
import Foundation
import Records
import Testing

@Suite("Random bytes and mutated frames")
struct FuzzTests {
    private static let frameCount = 100_000
    private static let memoryLimit = 20 << 20

    @Test("neither stop the broker nor make it grow")
    func fuzz() async {
        // In a process of its own, whose memory no other suite fills.
        await #expect(processExitsWith: .success) { try FuzzTests.run() }
    }

    private static func run() throws {
        var generator = SeededGenerator(seed: 42)
        let broker = try TestBroker(files: FaultyFiles(seed: 2)) {
            $0.maximumPartitions = 40
            $0.groups.groups = 50
            $0.groups.members = 20
            $0.transactions.transactions = 50
            $0.flush = .system
        }
        try broker.createTopic("t")
        let seeds = try Self.frames()
        var refused = 0
        // What is allocated once, for tables and pools, is there before the count begins.
        for frame in seeds { _ = try? broker.send(frame) }
        let before = Self.residentBytes()
        for number in 0..<Self.frameCount {
            var frame = seeds[Int(generator.next() % UInt64(seeds.count))]
            if number % 10 == 0 {
                frame = (0..<Int(generator.next() % 64)).map { _ in
                    UInt8(truncatingIfNeeded: generator.next())
                }
            } else {
                Self.mutate(&frame, &generator)
            }
            do { _ = try broker.send(frame) } catch is CodecError { refused += 1 }
            broker.forgetAnswers()
            if number % 1_000 == 0 { broker.tick(after: 1_000) }
        }
        #expect(refused > Self.frameCount / 10)
        #expect(Self.residentBytes() - before <= Self.memoryLimit)
        #expect(
            try broker.produce(TestBroker.batch(["still here"]), topic: "t").error == ErrorCode.none
        )
    }

    /// One frame of every API and version, from the golden bodies.
    private static func frames() throws -> [[UInt8]] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("BrokerModelTests/golden/frames.txt")
        let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
        var frames: [[UInt8]] = []
        for line in lines {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0].hasSuffix("Request"), let version = Int16(parts[1])
            else { continue }
            let name = parts[0].dropLast("Request".count)
            let key = APIKey.allCases.first { "\($0)".lowercased() == name.lowercased() }
            guard let key else { continue }
            let hex = Array(parts[2].utf8)
            let body = stride(from: 0, to: hex.count, by: 2).compactMap {
                UInt8(String(decoding: hex[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            // With and without the tagged fields that a flexible header has.
            for isFlexible in [false, true] {
                let header = RequestHeader(
                    apiKey: key.rawValue, version: version, correlationID: 1, clientID: "f")
                frames.append(header.write(isFlexible: isFlexible).bytes + body)
            }
        }
        let batch = TestBroker.produceRequest(TestBroker.batch(["fuzz"]), topic: "t")
        let header = RequestHeader(apiKey: 0, version: 8, correlationID: 1, clientID: "f")
        frames.append(
            FieldWriter.write(batch, version: 8, behind: header.write(isFlexible: false))
                .writer.bytes)
        return frames
    }

    private static func mutate(_ frame: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !frame.isEmpty else { return }
        for _ in 0..<(generator.next() % 4) {
            let index = Int(generator.next() % UInt64(frame.count))
            switch generator.next() % 4 {
            case 0: frame[index] = UInt8(truncatingIfNeeded: generator.next())
            case 1: frame[index] = [0, 0x7f, 0x80, 0xff][Int(generator.next() % 4)]
            case 2: frame.removeSubrange(index...)
            default: frame.insert(UInt8(truncatingIfNeeded: generator.next()), at: index)
            }
            if frame.isEmpty { return }
        }
    }

    static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4_096 : 0
    }
}
