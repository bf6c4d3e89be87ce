import Foundation
import Records
import Testing
import TimeSeries

@Suite("Chunks")
struct ChunkTests {
    static let kinds = ["regular", "jitter", "decimal", "corrected", "random", "special", "mixed"]

    /// Samples of one kind, a function of the kind and the seed.
    static func samples(_ kind: String, count: Int, seed: UInt64 = 1) -> [Sample] {
        var random = SeededGenerator(seed: seed)
        var time: Int64 = 1_700_000_000_000
        var level = 100.0
        return (0..<count).map { index in
            time += kind == "jitter" ? 15_000 + Int64(random.next() % 50) - 25 : 15_000
            level += random.unit() - 0.5
            let rounded = (level * 1_000).rounded() / 1_000
            let value: Double =
                switch kind {
                case "regular", "jitter": Double(index * 7)
                case "decimal": rounded
                case "corrected": random.next() % 3 == 0 ? rounded.nextUp : rounded
                case "random": Double(bitPattern: random.next())
                case "special":
                    [
                        Double.nan, .infinity, -.infinity, -0.0, 0, StaleMarker.value,
                        .leastNonzeroMagnitude, .greatestFiniteMagnitude, -1,
                    ][Int(random.next() % 9)]
                default:
                    switch random.next() % 4 {
                    case 0: rounded
                    case 1: random.unit()
                    case 2: Double(Int64(truncatingIfNeeded: random.next()) >> 20)
                    default: StaleMarker.value
                    }
                }
            return Sample(time, value)
        }
    }

    @Test("every kind of values comes back bit by bit", arguments: kinds)
    func roundTrip(kind: String) throws {
        for seed in UInt64(1)...20 {
            let samples = Self.samples(kind, count: 500, seed: seed)
            var chunk = Chunk()
            for sample in samples { try chunk.append(sample) }
            #expect(try chunk.samples().samples == samples)
            let read = try Chunk(decoding: chunk.encoded)
            #expect(try read.samples().samples == samples)
        }
    }

    @Test("a chunk that was read grows on as if it had never been written", arguments: kinds)
    func resumed(kind: String) throws {
        let samples = Self.samples(kind, count: 600)
        for place in [1, 64, 333] {
            var chunk = Chunk()
            for sample in samples[..<place] { try chunk.append(sample) }
            var read = try Chunk(decoding: chunk.encoded)
            for sample in samples[place...] { try read.append(sample) }
            #expect(try read.samples().samples == samples)
        }
    }

    @Test("times may lie as far apart as they can")
    func extremeTimes() throws {
        let times: [Int64] = [.min, -1, 0, 1, 5, 1 << 40, .max - 1, .max]
        var chunk = Chunk()
        for time in times { try chunk.append(time, 1) }
        #expect(try chunk.samples().timestamps == times)
        #expect(throws: Chunk.AppendError.outOfOrder) { try chunk.append(.max, 1) }
    }

    @Test("late samples are inserted, and one at a known time replaces the other")
    func outOfOrder() throws {
        let samples = Self.samples("decimal", count: 1_000)
        var random = SeededGenerator(seed: 5)
        let late = samples.filter { _ in random.next() % 5 == 0 }
        let lateTimes = Set(late.map(\.timestamp))
        var chunk = Chunk()
        for sample in samples where !lateTimes.contains(sample.timestamp) {
            try chunk.append(sample)
        }
        let replaced = late + [Sample(samples[500].timestamp, 42)]
        let chunks = try chunk.inserting(
            replaced.shuffled(using: &random).sorted { a, _ in
                a.value != 42
            })
        var expected = samples
        expected[500].value = 42
        #expect(try Chunk.merged(chunks).flatMap { try $0.samples().samples } == expected)
    }

    @Test("a cut leaves every sample on one side")
    func cut() throws {
        let samples = Self.samples("jitter", count: 100)
        var chunk = Chunk()
        for sample in samples { try chunk.append(sample) }
        for place in [0, 1, 50, 99] {
            let (before, after) = try chunk.cut(at: samples[place].timestamp)
            #expect(try before.samples().samples == Array(samples[..<place]))
            #expect(try after.samples().samples == Array(samples[place...]))
        }
    }

    @Test("damaged bytes are refused and never crash")
    func damaged() throws {
        var random = SeededGenerator(seed: 99)
        for kind in Self.kinds {
            var chunk = Chunk()
            for sample in Self.samples(kind, count: 50) { try chunk.append(sample) }
            let bytes = chunk.encoded
            for length in 0..<bytes.count {
                #expect(throws: CodecError.self) {
                    try Chunk(decoding: Array(bytes[..<length]))
                }
            }
            for _ in 0..<200 {
                var broken = bytes
                broken[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 + random.next() % 255)
                #expect(throws: CodecError.self) { try Chunk(decoding: broken) }
            }
            // With the checksum mended, the bits themselves must hold up.
            for _ in 0..<500 {
                var body = Array(bytes.dropFirst(bytes[0] < 128 ? 5 : 6))
                let place = 2 + Int(random.next() % UInt64(body.count - 2))
                body[place] ^= UInt8(1 + random.next() % 255)
                var writer = ByteWriter()
                writer.varint(UInt64(body.count))
                writer.integer(CRC32C.checksum(body))
                writer.raw(body)
                _ = try? Chunk(decoding: writer.bytes).samples()
            }
        }
    }

    @Test("regular gauges and counters take at most 1.5 bytes a sample")
    func density() throws {
        for kind in ["regular", "jitter"] {
            var chunk = Chunk()
            for sample in Self.samples(kind, count: 4_000) { try chunk.append(sample) }
            let density = Double(chunk.encoded.count) / Double(chunk.count)
            #expect(density <= (kind == "regular" ? 1.5 : 2.3), "\(kind): \(density)")
        }
    }

    @Test(
        "NAB's noisy series take at most 3 bytes a sample and come back bit by bit",
        .enabled(if: SharedFiles.has(NABFiles.path), "no \(NABFiles.path) beside the repository"))
    func nab() throws {
        var bytes = 0
        var count = 0
        for (name, samples) in try NABFiles.series() {
            let columns = SampleColumns(samples)
            let chunks = Chunk.split(columns)
            let size = chunks.reduce(0) { $0 + $1.encoded.count }
            print("\(name): \(Double(size) / Double(columns.count)) bytes a sample")
            bytes += size
            count += columns.count
            let read = try Chunk.merged(chunks).flatMap { try $0.samples().samples }
            #expect(read == columns.samples)
        }
        let density = Double(bytes) / Double(max(1, count))
        print("NAB: \(density) bytes a sample over \(count) samples")
        #expect(density <= 3)
    }
}
