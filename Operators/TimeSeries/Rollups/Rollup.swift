public import Records

/// What is known of the samples of a stretch of time, mergeable with that of the next stretch.
///
/// Sums are exact, so a rollup built from finer ones equals one built from the samples themselves,
/// bit by bit. Stale markers are no samples.
public struct Rollup: Sendable, Equatable {
    /// What a rollup keeps beyond its numbers.
    public struct Parts: OptionSet, Sendable {
        /// The parts as bits.
        public let rawValue: UInt8

        /// Takes the parts as bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A sketch of the values' distribution.
        public static let quantiles = Parts(rawValue: 1)
        /// A counter of different values.
        public static let distinct = Parts(rawValue: 2)
    }

    /// How many samples there were, at least 1.
    public private(set) var count: UInt64
    /// The least value; a NaN only if all are.
    public private(set) var minimum: Double
    /// The greatest value; a NaN only if all are.
    public private(set) var maximum: Double
    /// The first sample, as it was.
    public private(set) var first: Sample
    /// The last sample, as it was.
    public private(set) var last: Sample
    /// How often the value fell, within the stretch.
    public private(set) var resets: UInt64
    /// How often the value changed, within the stretch.
    public private(set) var changes: UInt64
    /// The distribution, where it is kept.
    public private(set) var quantiles: QuantileSketch?
    /// The counter of different values, where it is kept.
    public private(set) var distinct: DistinctCounter?
    private var sum = ExactSum()
    private var squares = ExactSum()
    private var increase = ExactSum()

    /// The rollup of one sample.
    public init(_ sample: Sample, keeping parts: Parts = []) {
        count = 1
        minimum = sample.value
        maximum = sample.value
        first = sample
        last = sample
        resets = 0
        changes = 0
        sum.add(sample.value)
        squares.addProduct(sample.value, sample.value)
        if parts.contains(.quantiles) {
            var sketch = QuantileSketch()
            sketch.add(sample.value)
            quantiles = sketch
        }
        if parts.contains(.distinct) {
            var counter = DistinctCounter()
            counter.add(sample.value)
            distinct = counter
        }
    }

    /// The rollup of samples in the order of time, or `nil` of none.
    public init?(_ samples: some Sequence<Sample>, keeping parts: Parts = []) {
        var result: Rollup?
        for sample in samples where !StaleMarker.isStale(sample.value) {
            if result?.append(sample) == nil { result = Rollup(sample, keeping: parts) }
        }
        guard let result else { return nil }
        self = result
    }

    /// The sum of the values, exact and rounded once.
    public var total: Double { sum.value }
    /// The sum of the values' squares.
    public var totalOfSquares: Double { squares.value }
    /// How much a counter grew from the first sample to the last, over its resets.
    public var counterIncrease: Double { increase.value }
    /// The mean.
    public var mean: Double { total / Double(count) }
    /// The variance of all values: `(n·Σx² − (Σx)²) / n²`, whose numerator is exact and rounded
    /// once; NaN where a value is not finite or its square is beyond the range of doubles.
    public var variance: Double {
        let number = Double(count)
        var numerator = ExactSum()
        numerator.add(number, times: squares)
        numerator.subtractSquare(of: sum)
        let value = numerator.value
        return value.isFinite ? max(0, value) / number / number : StaleMarker.normalNaN
    }

    /// Adds a sample that is later than all others.
    public mutating func append(_ sample: Sample) {
        if StaleMarker.isStale(sample.value) { return }
        step(to: sample.value)
        count += 1
        last = sample
        sum.add(sample.value)
        squares.addProduct(sample.value, sample.value)
        widen(sample.value, sample.value)
        quantiles?.add(sample.value)
        distinct?.add(sample.value)
    }

    /// Adds the rollup of a later stretch; what either doesn't keep is kept no longer.
    public mutating func append(_ later: Rollup) {
        step(to: later.first.value)
        count += later.count
        last = later.last
        resets += later.resets
        changes += later.changes
        sum.add(later.sum)
        squares.add(later.squares)
        increase.add(later.increase)
        widen(later.minimum, later.maximum)
        if let other = later.quantiles { quantiles?.merge(other) } else { quantiles = nil }
        if let other = later.distinct { distinct?.merge(other) } else { distinct = nil }
    }

    /// Counts the step from the last value to the next.
    private mutating func step(to value: Double) {
        let before = last.value
        if value < before {
            resets += 1
            // A counter that fell began again at zero.
            increase.add(value)
        } else {
            increase.add(value - before)
        }
        if value != before, !(value.isNaN && before.isNaN) { changes += 1 }
    }

    private mutating func widen(_ low: Double, _ high: Double) {
        if low < minimum || minimum.isNaN { minimum = low }
        if high > maximum || maximum.isNaN { maximum = high }
    }

    public static func == (a: Rollup, b: Rollup) -> Bool {
        a.count == b.count && a.first == b.first && a.last == b.last && a.resets == b.resets
            && a.changes == b.changes && a.sum == b.sum && a.squares == b.squares
            && a.increase == b.increase && a.quantiles == b.quantiles && a.distinct == b.distinct
            && a.minimum.bitPattern == b.minimum.bitPattern
            && a.maximum.bitPattern == b.maximum.bitPattern
    }
}

extension Rollup: BinaryCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.varint(count)
        writer.double(minimum)
        writer.double(maximum)
        for sample in [first, last] {
            writer.zigzag(sample.timestamp)
            writer.double(sample.value)
        }
        writer.varint(resets)
        writer.varint(changes)
        sum.encode(into: &writer)
        squares.encode(into: &writer)
        increase.encode(into: &writer)
        writer.integer(UInt8((quantiles == nil ? 0 : 1) | (distinct == nil ? 0 : 2)))
        quantiles?.encode(into: &writer)
        distinct?.encode(into: &writer)
    }

    public init(from reader: inout ByteReader) throws(CodecError) {
        count = try reader.varint()
        guard count > 0, count < 1 << 56 else { throw .malformed("a rollup's count") }
        minimum = try reader.double()
        maximum = try reader.double()
        first = Sample(try reader.zigzag(), try reader.double())
        last = Sample(try reader.zigzag(), try reader.double())
        resets = try reader.varint()
        changes = try reader.varint()
        guard resets < count, changes < count, first.timestamp <= last.timestamp else {
            throw .malformed("a rollup's edges")
        }
        sum = try ExactSum(from: &reader)
        squares = try ExactSum(from: &reader)
        increase = try ExactSum(from: &reader)
        let parts = Parts(rawValue: try reader.integer(UInt8.self))
        if parts.contains(.quantiles) { quantiles = try QuantileSketch(from: &reader) }
        if parts.contains(.distinct) { distinct = try DistinctCounter(from: &reader) }
    }
}
