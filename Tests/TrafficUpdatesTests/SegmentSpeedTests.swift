import Records
import RoadNetwork
import State
import Testing

@testable import TrafficUpdates

@Suite("What a window knows of a segment")
struct SegmentSpeedTests {
    /// Passages of 1 to 40 m/s over 20 to 400 m, by a few vehicles.
    private static func passages(_ count: Int, seed: UInt64) -> [SegmentTraversal] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let length = 20 + random.unit() * 380
            let seconds = (length / (1 + random.unit() * 39) * 1_000).rounded() / 1_000
            let start = Int64(random.next() % 60_000)
            return SegmentTraversal(
                vehicle: (random.next() % 7).streamHash, visitor: 0,
                segment: SegmentID(rawValue: 1),
                enteredAt: EventTime(milliseconds: start),
                leftAt: EventTime(milliseconds: start + Int64((seconds * 1_000).rounded())),
                length: length, completedAt: EventTime(milliseconds: start + 60_000),
                freeFlowSeconds: length / 20, confidence: 1)
        }
    }

    private static func sum(_ passages: some Sequence<SegmentTraversal>) -> SegmentSpeed {
        var sum = SegmentSpeed()
        for passage in passages { sum.add(passage, at: passage.leftAt) }
        return sum
    }

    @Test("means, deviation and ratio are those of the formulas", arguments: 0..<8 as Range<UInt64>)
    func formulas(seed: UInt64) {
        let passages = SegmentSpeedTests.passages(60, seed: seed)
        let sum = SegmentSpeedTests.sum(passages)
        let metres = passages.reduce(0) { $0 + $1.length }
        let seconds = passages.reduce(0) { $0 + $1.seconds }
        #expect(abs(sum.harmonicMeanSpeed - metres / seconds) < 1e-6)
        let mean = passages.reduce(0) { $0 + $1.length * ($1.length / $1.seconds) } / metres
        let variance =
            passages.reduce(0) {
                let off = $1.length / $1.seconds - mean
                return $0 + $1.length * off * off
            } / metres
        #expect(abs(sum.standardDeviation - variance.squareRoot()) < 1e-6)
        #expect(abs(sum.freeFlowRatio - metres / 20 / seconds) < 1e-6)
        #expect(sum.traversals == 60)
        #expect(sum.vehicles == Set(passages.map(\.vehicle)).count)
    }

    @Test("percentiles are right to half a step of 6 %", arguments: [0.0, 0.15, 0.5, 0.85, 1])
    func percentiles(share: Double) {
        let passages = SegmentSpeedTests.passages(400, seed: 3)
        let speeds = passages.map { $0.length / $0.seconds }.sorted()
        let exact = speeds[max(0, Int((share * 400).rounded(.up)) - 1)]
        let found = SegmentSpeedTests.sum(passages).percentile(share)
        #expect(abs(found / exact - 1) < 0.031)
    }

    @Test("sums of parts are the sum of all, in any order")
    func merging() {
        let passages = SegmentSpeedTests.passages(90, seed: 5)
        let whole = SegmentSpeedTests.sum(passages)
        for cut in [0, 1, 30, 89, 90] {
            var merged = SegmentSpeedTests.sum(passages[cut...])
            merged.merge(SegmentSpeedTests.sum(passages[..<cut]))
            #expect(abs(merged.harmonicMeanSpeed - whole.harmonicMeanSpeed) < 1e-6)
            #expect(abs(merged.standardDeviation - whole.standardDeviation) < 1e-6)
            #expect(merged.percentile(0.5) == whole.percentile(0.5))
            #expect(merged.vehicles == whole.vehicles && merged.traversals == whole.traversals)
        }
    }

    @Test("what is taken back was never there, in whatever part of the sum it comes")
    func takenBack() {
        let passages = SegmentSpeedTests.passages(60, seed: 6)
        let wrong = SegmentSpeedTests.passages(20, seed: 7)
        let expected = SegmentSpeedTests.sum(passages)
        #expect(SegmentSpeedTests.sum(passages + wrong + wrong.map(\.takenBack)) == expected)
        // The correction comes with another flush, as a sum of its own.
        var merged = SegmentSpeedTests.sum(wrong + passages)
        let correction = SegmentSpeedTests.sum(wrong.map(\.takenBack))
        #expect(correction.vehicles == 0 && correction.percentile(0.5) == 0)
        merged.merge(correction)
        #expect(merged == expected)
        // All of a row may go.
        var none = SegmentSpeedTests.sum(wrong)
        none.merge(correction)
        #expect(none == SegmentSpeed() && none.vehicles == 0)
    }

    @Test("nothing is known of nothing")
    func empty() {
        let sum = SegmentSpeed()
        #expect(sum.harmonicMeanSpeed == 0 && sum.standardDeviation == 0)
        #expect(sum.percentile(0.5) == 0 && sum.freeFlowRatio == 0 && sum.vehicles == 0)
    }

    @Test("bytes say it all; damaged ones are refused or decode, and never crash")
    func codec() throws {
        let sum = SegmentSpeedTests.sum(SegmentSpeedTests.passages(90, seed: 8))
        let bytes = sum.encoded
        #expect(try SegmentSpeed(decoding: bytes) == sum)
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2_000 {
            var damaged = bytes
            damaged[Int(random.next() % UInt64(bytes.count))] = UInt8(
                truncatingIfNeeded: random.next())
            guard let read = try? SegmentSpeed(decoding: damaged) else { continue }
            _ = read.percentile(0.5)
            _ = read.vehicles
        }
        for length in bytes.indices {
            #expect(throws: CodecError.self) {
                try SegmentSpeed(decoding: Array(bytes.prefix(length)))
            }
        }
    }
}
