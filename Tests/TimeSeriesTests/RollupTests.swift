import Foundation
import Records
import Testing
import TimeSeries

@Suite("Rollups")
struct RollupTests {
    /// Raw samples as they arrive: 20 % of them late, 5 % twice.
    static func arrivals(_ samples: [Sample], seed: UInt64) -> [Sample] {
        var random = SeededGenerator(seed: seed)
        var keyed: [(key: Int, sample: Sample)] = []
        for (index, sample) in samples.enumerated() {
            let delay = random.next() % 5 == 0 ? Int(random.next() % 50) : 0
            keyed.append((index + delay, sample))
            if random.next() % 20 == 0 {
                keyed.append((index + delay + Int(random.next() % 10), sample))
            }
        }
        return keyed.enumerated().sorted {
            ($0.element.key, $0.offset) < ($1.element.key, $1.offset)
        }
        .map(\.element.sample)
    }

    static func counter(count: Int, seed: UInt64) -> [Sample] {
        var random = SeededGenerator(seed: seed)
        var value = 0.0
        return (0..<count).map { index in
            value = random.next() % 40 == 0 ? 0 : value + random.unit() * 10
            return Sample(Int64(index) * 15_000 + Int64(random.next() % 5_000) + 1, value)
        }
    }

    @Test("a series built from late and doubled samples equals one built in order")
    func lateAndDoubled() throws {
        for seed in UInt64(1)...10 {
            let samples = Self.counter(count: 600, seed: seed)
            var raw = SampleColumns()
            var rolled = RollupSeries(resolution: 60_000, keeping: [.quantiles, .distinct])
            for sample in Self.arrivals(samples, seed: seed) {
                raw.insert(sample)
                if !rolled.append(sample) {
                    rolled.rebuild(containing: [sample.timestamp], from: raw)
                }
            }
            let direct = RollupSeries(
                SampleColumns(samples), resolution: 60_000, keeping: [.quantiles, .distinct])
            #expect(rolled == direct, "seed \(seed)")
        }
    }

    @Test("of several values for a time the one that came last counts, late or not")
    func lastArrival() {
        for seed in UInt64(1)...10 {
            var random = SeededGenerator(seed: seed)
            var raw = SampleColumns()
            var rolled = RollupSeries(resolution: 60_000, keeping: [.quantiles, .distinct])
            var latest: [Int64: Double] = [:]
            for sample in Self.arrivals(Self.counter(count: 300, seed: seed), seed: seed) {
                var sample = sample
                // A sample that comes again has another value.
                if latest[sample.timestamp] != nil { sample.value = random.unit() * 100 }
                latest[sample.timestamp] = sample.value
                raw.insert(sample)
                if !rolled.append(sample) {
                    rolled.rebuild(containing: [sample.timestamp], from: raw)
                }
            }
            let final = latest.keys.sorted().map { Sample($0, latest[$0] ?? 0) }
            let direct = RollupSeries(
                SampleColumns(final), resolution: 60_000, keeping: [.quantiles, .distinct])
            #expect(rolled == direct, "seed \(seed)")
        }
    }

    @Test("coarse rollups from finer ones equal those from raw samples, bit by bit")
    func fromFiner() throws {
        for seed in UInt64(1)...10 {
            let samples = SampleColumns(Self.counter(count: 2_000, seed: seed))
            let minute = RollupSeries(samples, resolution: 60_000, keeping: [.quantiles])
            let hour = RollupSeries(samples, resolution: 3_600_000, keeping: [.quantiles])
            let fiveMinutes = try #require(RollupSeries(minute, resolution: 300_000))
            #expect(RollupSeries(minute, resolution: 3_600_000) == hour)
            #expect(RollupSeries(fiveMinutes, resolution: 3_600_000) == hour)
            #expect(RollupSeries(fiveMinutes, resolution: 60_000) == nil)
        }
    }

    @Test("answers for whole windows are those of PromQL over raw samples")
    func answers() throws {
        for seed in UInt64(1)...5 {
            let samples = SampleColumns(Self.counter(count: 1_000, seed: seed))
            let labels = Labels(["__name__": "m_total"])
            let source = MemorySource([Series(labels: labels, samples: samples)])
            let rolled = RollupSeries(samples, resolution: 60_000)
            let engine = QueryEngine()
            for function in RollupSeries.Function.allCases {
                for minutes in [1, 5, 30] {
                    for end in stride(from: Int64(60_000), to: 15_000_000, by: 660_000) {
                        let width = Int64(minutes) * 60_000
                        let query = "\(function.rawValue)(m_total[\(minutes)m])"
                        let result = try engine.instantQuery(query, at: end, over: source)
                        guard case .vector(let vector) = result.value else { continue }
                        let answer = rolled.answer(function, end: end, width: width)
                        let expected = vector.first?.sample.value
                        #expect((answer == nil) == (expected == nil), "\(query) at \(end)")
                        guard let answer, let expected else { continue }
                        #expect(answer.error == 0)
                        let difference = (answer.value - expected).magnitude
                        let scale = max(1e-9, expected.magnitude)
                        #expect(difference <= 1e-11 * scale, "\(query) at \(end)")
                    }
                }
            }
        }
    }

    @Test("a sum depends neither on order nor on grouping")
    func exactSum() {
        var random = SeededGenerator(seed: 11)
        var terms = (0..<500).map { _ in
            (random.unit() - 0.5)
                * Double(sign: .plus, exponent: Int(random.next() % 80), significand: 1)
        }
        terms += terms.map { -$0 * 0.75 }
        var forward = ExactSum()
        for term in terms { forward.add(term) }
        for _ in 0..<20 {
            terms.shuffle(using: &random)
            var parts = [ExactSum(), ExactSum(), ExactSum()]
            for (index, term) in terms.enumerated() { parts[index % 3].add(term) }
            var sum = parts[2]
            sum.add(parts[0])
            sum.add(parts[1])
            #expect(sum == forward)
        }
        var tricky = ExactSum()
        for term in [1e100, 1, -1e100] { tricky.add(term) }
        #expect(tricky.value == 1)
    }

    @Test("quantiles are within 1 % and distinct counts within 10 %")
    func sketches() throws {
        var random = SeededGenerator(seed: 12)
        let values = (0..<20_000).map { _ in exp(random.unit() * 20 - 5) }
        var sketch = QuantileSketch()
        var counter = DistinctCounter()
        for value in values {
            sketch.add(value)
            counter.add(value)
        }
        let sorted = values.sorted()
        for q in [0, 0.01, 0.5, 0.9, 0.99, 1] {
            let exact = sorted[Int(q * Double(sorted.count - 1))]
            let estimate = try #require(sketch.quantile(q))
            #expect((estimate - exact).magnitude <= 0.0101 * exact)
        }
        #expect((counter.count - 20_000).magnitude < 2_000)
        #expect(try QuantileSketch(decoding: sketch.encoded) == sketch)
        #expect(try DistinctCounter(decoding: counter.encoded) == counter)
    }

    @Test("a rollup comes back from its bytes, and damaged bytes are refused")
    func codec() throws {
        let rollup = try #require(
            Rollup(Self.counter(count: 100, seed: 1), keeping: [.quantiles, .distinct]))
        let bytes = rollup.encoded
        #expect(try Rollup(decoding: bytes) == rollup)
        for length in 0..<bytes.count {
            #expect(throws: CodecError.self) { try Rollup(decoding: Array(bytes[..<length])) }
        }
        var random = SeededGenerator(seed: 4)
        for _ in 0..<2_000 {
            var broken = bytes
            broken[Int(random.next() % UInt64(bytes.count))] = UInt8(
                truncatingIfNeeded: random.next())
            _ = try? Rollup(decoding: broken)
        }
    }

    @Test(
        "NAB through chunks and rollups equals a plain recomputation",
        .enabled(if: SharedFiles.has(NABFiles.path), "no \(NABFiles.path) beside the repository"))
    func nab() throws {
        for (name, samples) in try NABFiles.series() {
            try Self.check(name, samples)
        }
    }

    @Test(
        "petshop through chunks and rollups equals a plain recomputation",
        .enabled(
            if: SharedFiles.has(PetshopFile.path), "no \(PetshopFile.path) beside the repository"))
    func petshop() throws {
        let series = try PetshopFile.series()
        #expect(series.count >= 273)
        for one in series { try Self.check("\(one.labels)", one.samples.samples) }
    }

    /// Chunks grown out of order, and rollups of them, against arithmetic on the samples.
    static func check(_ name: String, _ given: [Sample]) throws {
        // Two values at one time have no order once they arrive in any.
        let samples = SampleColumns(given).samples
        var raw = SampleColumns()
        var chunks: [Chunk] = [Chunk()]
        var rolled = RollupSeries(resolution: 900_000)
        var pending: [Sample] = []
        for sample in arrivals(samples, seed: 7) {
            raw.insert(sample)
            do {
                try chunks[chunks.count - 1].append(sample)
            } catch {
                pending.append(sample)
            }
            if !rolled.append(sample) {
                rolled.rebuild(containing: [sample.timestamp], from: raw)
            }
        }
        chunks = try Chunk.merged(chunks + Chunk.split(SampleColumns(pending)))
        let plain = SampleColumns(samples)
        let stored = try chunks.flatMap { try $0.samples().samples }
        #expect(stored == plain.samples, "\(name)")
        var expected: [Int64: [Double]] = [:]
        for sample in plain.samples {
            let end = (sample.timestamp + 899_999) / 900_000 * 900_000
            expected[end, default: []].append(sample.value)
        }
        #expect(rolled.count == expected.count, "\(name)")
        for (end, rollup) in rolled.windows {
            let values = expected[end] ?? []
            #expect(rollup.count == UInt64(values.count))
            #expect(rollup.minimum == values.min() && rollup.maximum == values.max())
            #expect((rollup.total - values.reduce(0, +)).magnitude <= 1e-9 * rollup.total.magnitude)
            #expect(rollup.first.value == values.first && rollup.last.value == values.last)
            var (increase, resets) = (0.0, 0)
            for (before, value) in zip(values, values.dropFirst()) {
                if value < before { resets += 1 }
                increase += value < before ? value : value - before
            }
            #expect(rollup.resets == UInt64(resets), "\(name)")
            let squares = values.reduce(0) { $0 + $1 * $1 }
            #expect((rollup.totalOfSquares - squares).magnitude <= 1e-9 * squares, "\(name)")
            let size = values.reduce(0) { $0 + $1.magnitude }
            #expect((rollup.counterIncrease - increase).magnitude <= 1e-9 * size, "\(name)")
        }
    }
}
