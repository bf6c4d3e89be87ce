import BrokerModel
import EmbeddedBroker
import Foundation
import Records
import Testing

@Suite("Bytes that are no requests", .serialized)
struct FramingFuzzTests {
    private static let connections = 400

    /// What the broker may say of a connection: words and numbers of its own, nothing that was sent.
    private static func isFit(_ line: String) -> Bool {
        line.utf8.count < 300 && line.utf8.allSatisfy { (0x20..<0x7f).contains($0) }
    }

    @Test("close their connection with a reason, in whatever pieces they come, and no other")
    func framing() async {
        // In a process of its own, whose memory no other suite fills.
        await #expect(processExitsWith: .success) { try await FramingFuzzTests.run() }
    }

    private static func run() async throws {
        var generator = SeededGenerator(seed: 77)
        let log = Log()
        try await log.withBroker { broker in
            let witness = try RawClient(port: broker.port)
            let before = FuzzTests.residentBytes()
            var malformed = 0
            for number in 0..<Self.connections {
                let client = try RawClient(port: broker.port)
                let (bytes, isMalformed) = Self.bytes(&generator)
                var position = 0
                while position < bytes.count {
                    let count = min(bytes.count - position, 1 + Int(generator.next() % 40))
                    // The broker may have closed it before the end.
                    guard (try? client.send(bytes[position..<position + count])) != nil else {
                        break
                    }
                    position += count
                }
                if isMalformed {
                    malformed += 1
                    #expect(throws: RawClient.Failure.self, "connection \(number)") {
                        while true { _ = try client.receive() }
                    }
                }
                if number % 50 == 0 {
                    let answer = try witness.ask(ApiVersionsRequest(), ApiVersionsResponse.self)
                    #expect(answer.errorCode == 0)
                }
            }
            let closed = log.lines.filter { $0.contains(" closed: ") }
            #expect(malformed > 100)
            #expect(closed.count == malformed, "\(closed.count) reasons for \(malformed)")
            #expect(log.lines.allSatisfy(Self.isFit), "\(log.lines.filter { !Self.isFit($0) })")
            #expect(FuzzTests.residentBytes() - before < 64 << 20)
            _ = try witness.ask(MetadataRequest(), MetadataResponse.self)
        }
    }

    /// Bytes for a connection, and whether they must end it.
    private static func bytes(_ generator: inout SeededGenerator) -> ([UInt8], Bool) {
        func framed(_ body: [UInt8], length: Int32? = nil) -> [UInt8] {
            let count = length ?? Int32(body.count)
            return withUnsafeBytes(of: count.bigEndian) { Array($0) } + body
        }
        var good = TestBroker.frame(ApiVersionsRequest(), version: 0, correlation: 1)
        good = framed(good)
        func noise(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
        switch generator.next() % 6 {
        case 0:  // A length that can't be, perhaps behind a request that can.
            let length = [Int32(0), 7, -1, .min, .max, 100 << 20 + 1][Int(generator.next() % 6)]
            let bad = framed(noise(20), length: length)
            return (generator.next() % 2 == 0 ? bad : good + bad, true)
        case 1:  // An API that is not there.
            let key = Int16(300 + generator.next() % 1_000)
            let head = withUnsafeBytes(of: key.bigEndian) { Array($0) }
            return (framed(head + noise(30)), true)
        case 2:  // A version that is not there, of any API but ApiVersions.
            let head: [UInt8] = [0, UInt8(generator.next() % 17), 0x70, 0]
            return (framed(head + noise(30)), true)
        case 3:  // A Metadata request whose list is longer than the frame.
            let head: [UInt8] = [0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0, 0, 0]
            return (framed(head + noise(10)), true)
        case 4:  // A frame that never ends.
            return (framed(noise(50), length: 5_000), false)
        default:  // Requests that are whole, one behind the other.
            return (good + good + good, false)
        }
    }

    @Test("are told apart in the log without anything of what they hold")
    func reasons() throws {
        let broker = try TestBroker(files: FaultyFiles(seed: 41))
        var generator = SeededGenerator(seed: 78)
        for _ in 0..<20_000 {
            let count = 8 + Int(generator.next() % 60)
            var frame = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            if generator.next() % 2 == 0 {
                frame[0] = 0
                frame[1] %= 76
                frame[2] = 0
                frame[3] %= 14
            }
            do {
                _ = try broker.send(frame)
            } catch {
                #expect(Self.isFit("\(error)"), "\(error)")
            }
        }
        #expect(broker.lines.allSatisfy(Self.isFit), "\(broker.lines.filter { !Self.isFit($0) })")
    }
}
