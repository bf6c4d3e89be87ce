internal import Glibc
public import Records

/// Quantiles within 1 % of the value, in bounded memory, mergeable.
///
/// DDSketch (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
/// relative-error guarantees", VLDB 2019): counts per logarithmic bin. Past ``binLimit`` bins the
/// lowest are drawn together, and only quantiles that fall there lose their precision.
public struct QuantileSketch: Sendable, Equatable {
    /// The greatest relative error of a quantile.
    public static let relativeError = 0.01
    /// How many bins each sign may have: enough for a range of 1 to 10^17.
    public static let binLimit = 2_048

    /// No sketch counts so far; one that says so is damaged.
    private static let countLimit: UInt64 = 1 << 56

    private static let gamma = (1 + relativeError) / (1 - relativeError)
    private static let logGamma = log(gamma)

    private struct Bin: Equatable, Sendable {
        var index: Int32
        var count: UInt64
    }

    private var positive: [Bin] = []
    private var negative: [Bin] = []
    private var zeros: UInt64 = 0
    /// How many values were added; those that are not finite are left out.
    public private(set) var count: UInt64 = 0

    /// A sketch of nothing.
    public init() {}

    /// Adds a value.
    public mutating func add(_ value: Double) {
        guard value.isFinite else { return }
        count += 1
        if value.magnitude < Double.leastNormalMagnitude {
            zeros += 1
            return
        }
        let index = Int32((log(value.magnitude) / QuantileSketch.logGamma).rounded(.up))
        if value > 0 {
            QuantileSketch.add(1, at: index, to: &positive)
        } else {
            QuantileSketch.add(1, at: index, to: &negative)
        }
    }

    private static func add(_ count: UInt64, at index: Int32, to bins: inout [Bin]) {
        var low = 0
        var high = bins.count
        while low < high {
            let middle = (low + high) / 2
            if bins[middle].index < index { low = middle + 1 } else { high = middle }
        }
        if low < bins.count, bins[low].index == index {
            bins[low].count += count
            return
        }
        bins.insert(Bin(index: index, count: count), at: low)
        if bins.count > binLimit {
            bins[1].count += bins[0].count
            bins.removeFirst()
        }
    }

    /// Adds what another sketch counted.
    public mutating func merge(_ other: QuantileSketch) {
        for bin in other.positive { QuantileSketch.add(bin.count, at: bin.index, to: &positive) }
        for bin in other.negative { QuantileSketch.add(bin.count, at: bin.index, to: &negative) }
        zeros += other.zeros
        count += other.count
    }

    /// The value below which a share `q` of all values lies, within ``relativeError``; `nil`
    /// without values or for a share outside of 0 to 1.
    public func quantile(_ q: Double) -> Double? {
        guard count > 0, q >= 0, q <= 1 else { return nil }
        return value(at: UInt64((q * Double(count - 1)).rounded(.down))).value
    }

    /// The quantile as `quantile_over_time` has it, between the two closest values, and how far it
    /// may be off; `nil` without values or for a share outside of 0 to 1.
    func interpolated(_ q: Double) -> RollupAnswer? {
        guard count > 0, q >= 0, q <= 1 else { return nil }
        let rank = q * Double(count - 1)
        let lower = UInt64(rank.rounded(.down))
        let weight = rank - rank.rounded(.down)
        let (a, b) = (value(at: lower), value(at: min(lower + 1, count - 1)))
        return RollupAnswer(
            value: a.value * (1 - weight) + b.value * weight,
            error: a.error * (1 - weight) + b.error * weight)
    }

    /// The value at a rank from 0, and how far the true one may be from it.
    ///
    /// The lowest bin of a full sketch may hold what was drawn together, of which no more is known
    /// than that it lies between zero and the bin's end.
    private func value(at rank: UInt64) -> RollupAnswer {
        var seen: UInt64 = 0
        for (place, bin) in negative.enumerated().reversed() {
            seen += bin.count
            if seen > rank { return QuantileSketch.value(bin, place, of: negative, sign: -1) }
        }
        seen += zeros
        if seen > rank { return RollupAnswer(value: 0, error: .leastNormalMagnitude) }
        for (place, bin) in positive.enumerated() {
            seen += bin.count
            if seen > rank { return QuantileSketch.value(bin, place, of: positive, sign: 1) }
        }
        return RollupAnswer(value: 0, error: .infinity)
    }

    private static func value(
        _ bin: Bin, _ place: Int, of bins: [Bin], sign: Double
    ) -> RollupAnswer {
        let middle = value(bin.index)
        let isCollapsed = place == 0 && bins.count >= binLimit
        // An error of 1 % of the true value, as a share of the middle; a little is for rounding.
        let share = relativeError / (1 - relativeError) * (1 + 1e-9)
        return RollupAnswer(value: sign * middle, error: isCollapsed ? middle : middle * share)
    }

    /// The middle of a bin, as far in ratio from its lower end as from its upper.
    private static func value(_ index: Int32) -> Double {
        2 * exp(Double(index) * logGamma) / (gamma + 1)
    }
}

extension QuantileSketch: BinaryCodable {
    public func encode(into writer: inout ByteWriter) {
        for bins in [positive, negative] {
            writer.varint(UInt64(bins.count))
            for bin in bins {
                writer.zigzag(Int64(bin.index))
                writer.varint(bin.count)
            }
        }
        writer.varint(zeros)
    }

    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init()
        for isPositive in [true, false] {
            let size = try reader.count(minimumSize: 2)
            guard size <= QuantileSketch.binLimit else { throw .malformed("too many bins") }
            var last = Int64.min
            for _ in 0..<size {
                let index = try reader.zigzag()
                let number = try reader.varint()
                guard index > last, let small = Int32(exactly: index),
                    number < QuantileSketch.countLimit
                else {
                    throw .malformed("a sketch's bins")
                }
                last = index
                let bin = Bin(index: small, count: number)
                if isPositive { positive.append(bin) } else { negative.append(bin) }
                count += number
                guard count < QuantileSketch.countLimit else {
                    throw .malformed("a sketch's count")
                }
            }
        }
        zeros = try reader.varint()
        guard zeros < QuantileSketch.countLimit - count else {
            throw .malformed("a sketch's zeros")
        }
        count += zeros
    }
}
