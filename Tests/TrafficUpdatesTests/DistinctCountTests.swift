import Records
import Testing

@testable import TrafficUpdates

@Suite("How many distinct vehicles")
struct DistinctCountTests {
    private static func hashes(_ range: Range<UInt64>, seed: UInt64) -> [UInt64] {
        range.map { SeededGenerator.mix($0 ^ SeededGenerator.mix(seed &+ 1)) }
    }

    private static func count(_ hashes: some Sequence<UInt64>) -> DistinctCount {
        var count = DistinctCount()
        for hash in hashes { count.insert(hash) }
        return count
    }

    @Test("exact up to the bound, however often each comes, and where the sketch takes over")
    func exact() {
        var count = DistinctCount()
        let bound = DistinctCount.exactBound
        for (index, hash) in DistinctCountTests.hashes(0..<UInt64(bound), seed: 1).enumerated() {
            count.insert(hash)
            count.insert(hash)
            #expect(count.count == index + 1)
        }
        count.insert(7)
        // Few registers are taken: linear counting knows a little more than a hundred to a few.
        #expect(abs(count.count - bound - 1) <= 8)
    }

    @Test(
        "the sketch's error is that of its formula, 1.04 divided by the root of 1,024 registers",
        arguments: [129, 300, 1_000, 2_500, 2_700, 8_000, 60_000] as [UInt64])
    func error(number: UInt64) {
        let seeds: Range<UInt64> = 0..<24
        var squares = 0.0
        for seed in seeds {
            let estimate = DistinctCountTests.count(
                DistinctCountTests.hashes(0..<number, seed: seed)
            ).count
            let error = Double(estimate) / Double(number) - 1
            #expect(abs(error) < 4 * 0.0325, "seed \(seed)")
            squares += error * error
        }
        // The root of the mean of 24 squares is within 45 % of its expectation in all but one of 1,000 cases.
        #expect((squares / Double(seeds.count)).squareRoot() < 1.45 * 0.0325)
    }

    @Test("sketches and sets merge to what all of it together is, in any order and parts")
    func merging() {
        let hashes = DistinctCountTests.hashes(0..<900, seed: 3)
        let whole = DistinctCountTests.count(hashes)
        // Parts below the bound and above it, some of them overlapping.
        let cuts = [0..<60, 40..<160, 100..<700, 650..<720, 700..<900].map { hashes[$0] }
        let parts = cuts.map { DistinctCountTests.count($0) }
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20 {
            var merged = DistinctCount()
            for part in parts.shuffled(using: &random) { merged.merge(part) }
            #expect(merged == whole && merged.count == whole.count)
            // What is known already changes nothing.
            merged.merge(whole)
            #expect(merged == whole)
        }
    }

    @Test("what a sketch knows it doesn't forget; what a set knows it does")
    func takenBack() {
        let hashes = DistinctCountTests.hashes(0..<400, seed: 5)
        var sketch = DistinctCountTests.count(hashes)
        let whole = sketch
        for hash in hashes.prefix(100) { sketch.remove(hash) }
        sketch.remove(1)
        #expect(sketch == whole)
        // The correction comes as a set of its own.
        var correction = DistinctCount()
        for hash in hashes.prefix(100) { correction.remove(hash) }
        #expect(correction.count == 0)
        sketch.merge(correction)
        #expect(sketch == whole)
        // A sketch that takes over beside it doesn't count what was taken back before.
        var set = DistinctCountTests.count(hashes.prefix(100))
        set.merge(correction)
        #expect(set == DistinctCount())
        set.merge(DistinctCountTests.count(hashes[100...]))
        #expect(set == DistinctCountTests.count(hashes[100...]))
    }

    @Test("a sketch goes on behind its bytes; damaged ones are refused or decode, and never crash")
    func codec() throws {
        let hashes = DistinctCountTests.hashes(0..<3_000, seed: 8)
        let whole = DistinctCountTests.count(hashes)
        for cut in [0, 1, 100, 128, 129, 500, 3_000] {
            let part = DistinctCountTests.count(hashes[..<cut])
            var read = try DistinctCount(decoding: part.encoded)
            #expect(read == part && read.count == part.count)
            for hash in hashes[cut...] { read.insert(hash) }
            #expect(read == whole)
        }
        let bytes = whole.encoded
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2_000 {
            var damaged = bytes
            damaged[Int(random.next() % UInt64(bytes.count))] = UInt8(
                truncatingIfNeeded: random.next())
            guard var read = try? DistinctCount(decoding: damaged) else { continue }
            read.merge(whole)
            _ = read.count
        }
        // All registers beyond what a hash can give.
        let impossible = bytes.dropLast(1_024) + [UInt8](repeating: 255, count: 1_024)
        #expect(throws: CodecError.self) { try DistinctCount(decoding: Array(impossible)) }
    }
}
