import Foundation
import Records
import Testing

@testable import TimeSeries

@Suite("Errors that rollups state")
struct RollupErrorTests {
    /// Samples at random distances, now dense and now sparse; a counter or a gauge.
    static func samples(seed: UInt64, isCounter: Bool) -> SampleColumns {
        var random = SeededGenerator(seed: seed)
        var time: Int64 = 0
        var value = 0.0
        let longest: UInt64 = seed % 3 == 0 ? 200_000 : seed % 3 == 1 ? 20_000 : 70_000
        return SampleColumns(
            (0..<150).map { _ in
                time += 1 + Int64(random.next() % longest)
                let step = random.unit() * (random.next() % 10 == 0 ? 1_000 : 10)
                if isCounter {
                    value = random.next() % 12 == 0 ? random.unit() : value + step
                } else {
                    value = random.next() % 4 == 0 ? value : (random.unit() - 0.5) * step
                }
                return Sample(time, value)
            })
    }

    @Test("an answer for any range is as far from that of raw samples as it says at most")
    func statedErrors() throws {
        var unbounded = 0
        var bounded = 0
        for seed in UInt64(1)...12 {
            let samples = Self.samples(seed: seed, isCounter: seed % 2 == 0)
            let source = MemorySource([
                Series(labels: Labels(["__name__": "m_total"]), samples: samples)
            ])
            let rolled = RollupSeries(samples, resolution: 60_000, keeping: [.quantiles])
            var random = SeededGenerator(seed: seed + 100)
            let last = try #require(samples.timestamps.last)
            for _ in 0..<40 {
                let end = Int64(random.next() % UInt64(last + 60_000))
                let width = 1 + Int64(random.next() % (random.next() % 2 == 0 ? 100_000 : 900_000))
                func exact(_ function: String) throws -> Double? {
                    let query = "\(function)m_total[\(width)ms])"
                    let result = try QueryEngine().instantQuery(query, at: end, over: source)
                    guard case .vector(let vector) = result.value else { return nil }
                    return vector.first?.sample.value
                }
                func compare(_ answer: RollupAnswer?, _ exact: Double?, _ name: String) {
                    guard let answer else {
                        #expect(exact == nil, "\(name) at \(end), \(width) ms, seed \(seed)")
                        return
                    }
                    guard let exact else {
                        #expect(!answer.error.isFinite || name == "present_over_time")
                        return
                    }
                    if answer.error.isFinite { bounded += 1 } else { unbounded += 1 }
                    let rounding = 1e-9 * max(1, exact.magnitude)
                    #expect(
                        (answer.value - exact).magnitude <= answer.error + rounding,
                        "\(name) at \(end), \(width) ms, seed \(seed): \(answer), \(exact)")
                }
                for function in RollupSeries.Function.allCases {
                    let answer = rolled.answer(function, end: end, width: width)
                    compare(answer, try exact("\(function.rawValue)("), function.rawValue)
                }
                for q in [0, 0.3, 0.5, 0.99, 1] {
                    let answer = rolled.quantile(q, end: end, width: width)
                    compare(answer, try exact("quantile_over_time(\(q), "), "quantile \(q)")
                }
            }
        }
        // Most ranges have a bound: an answer that is always infinite tells nothing.
        #expect(bounded > unbounded * 2, "\(bounded) bounded, \(unbounded) not")
    }

    @Test("a window whose samples are all inside or all outside leaves no error")
    func wholeWindows() throws {
        let samples = SampleColumns([
            Sample(49_000, 100), Sample(75_000, 100), Sample(105_000, 110),
        ])
        let rolled = RollupSeries(samples, resolution: 60_000)
        let answer = try #require(rolled.answer(.increase, end: 150_000, width: 100_000))
        #expect((answer.value - 70.0 / 3).magnitude < 1e-9 && answer.error == 0)
        let cut = try #require(rolled.answer(.increase, end: 150_000, width: 70_000))
        #expect(cut.error == .infinity)
    }

    @Test("the variance of values that are huge beside their distance is right")
    func variance() throws {
        func rolled(_ values: [Double]) -> RollupSeries {
            let samples = values.enumerated().map {
                Sample(Int64($0.offset) * 1_000 + 1, $0.element)
            }
            let fine = RollupSeries(SampleColumns(samples), resolution: 10_000)
            return RollupSeries(fine, resolution: 1_000_000) ?? fine
        }
        for base in [1e9, 1e15, -1e12, 0] {
            let series = rolled((0..<1_000).map { base + Double($0 % 2) })
            for (function, wanted): (RollupSeries.Function, Double) in [
                (.variance, 0.25), (.deviation, 0.5),
            ] {
                let answer = try #require(series.answer(function, end: 1_000_000, width: 1_000_000))
                #expect(answer == RollupAnswer(value: wanted, error: 0), "\(base)")
            }
        }
        let flat = rolled(Array(repeating: 0.1, count: 777))
        #expect(flat.answer(.variance, end: 1_000_000, width: 1_000_000)?.value == 0)
        // A square beyond the range of doubles is unknown, not zero.
        let huge = rolled([1e200, 2e200])
        let answer = try #require(huge.answer(.variance, end: 1_000_000, width: 1_000_000))
        #expect(answer.value.isNaN && answer.error == .infinity)
    }

    @Test("a sketch whose lowest bins were drawn together says so of the quantiles there")
    func collapse() throws {
        var sketch = QuantileSketch()
        var values: [Double] = []
        for exponent in 0..<3_000 {
            let value = exp(Double(exponent) * 0.0201 * 2 - 60)
            values.append(value)
            sketch.add(value)
        }
        var vague = 0
        for index in 0...100 {
            let q = Double(index) / 100
            let rank = q * Double(values.count - 1)
            let (low, weight) = (Int(rank), rank - rank.rounded(.down))
            let exact =
                values[low] * (1 - weight)
                + values[min(low + 1, values.count - 1)] * weight
            let answer = try #require(sketch.interpolated(q))
            #expect((answer.value - exact).magnitude <= answer.error, "\(q)")
            if answer.error > 0.02 * answer.value { vague += 1 }
        }
        #expect(vague > 10 && vague < 90)
    }

    @Test("times at the ends of the axis and damaged counts are no trap")
    func extremes() throws {
        let samples = SampleColumns([Sample(.min + 1, 1), Sample(.max - 1, 2)])
        let rolled = RollupSeries(samples, resolution: 1_000)
        for function in RollupSeries.Function.allCases {
            for (end, width) in [(Int64.max, Int64.max), (.max, 1), (.min, .max), (0, .max)] {
                _ = rolled.answer(function, end: end, width: width)
            }
        }
        var writer = ByteWriter()
        writer.varint(300)
        for index in 0..<300 {
            writer.zigzag(Int64(index))
            writer.varint(1 << 56 - 1)
        }
        writer.varint(0)
        writer.varint(0)
        #expect(throws: CodecError.self) { try QuantileSketch(decoding: writer.bytes) }
    }
}
