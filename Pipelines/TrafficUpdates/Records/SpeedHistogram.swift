internal import Foundation
public import Records

/// How many passages had which speed, in steps of 6 %: percentiles that merge.
///
/// A percentile is right to half a step, 3 %. Speeds run from 0.25 m/s to 83 m/s; what is slower or faster
/// counts at the end of the scale.
public struct SpeedHistogram: Hashable, Sendable, BinaryCodable {
    private static let slowest = 0.25
    private static let step = 1.06
    private static let bucketCount = 100

    private struct Bucket: Hashable, Sendable {
        var index: UInt8
        var count: Int32
    }

    /// Ascending by speed; only those that hold something.
    private var buckets: [Bucket] = []

    /// Knows of no passage.
    public init() {}

    /// Takes in a passage at `speed` m/s, or takes it back with -1 times.
    public mutating func insert(_ speed: Double, times: Int32 = 1) {
        let place = log(max(speed, SpeedHistogram.slowest) / SpeedHistogram.slowest)
        let index = Int(place / log(SpeedHistogram.step))
        add(UInt8(min(SpeedHistogram.bucketCount - 1, index)), times)
    }

    /// Takes in what another histogram knows.
    public mutating func merge(_ other: SpeedHistogram) {
        for bucket in other.buckets { add(bucket.index, bucket.count) }
    }

    /// The speed in m/s that a share `q` of the passages doesn't exceed; 0 without passages.
    public func percentile(_ q: Double) -> Double {
        let total = buckets.reduce(0) { $0 + Double(max(0, $1.count)) }
        var rest = max(0, min(1, q)) * total
        for bucket in buckets where bucket.count > 0 {
            rest -= Double(max(0, bucket.count))
            if rest <= 0 {
                return SpeedHistogram.slowest
                    * pow(SpeedHistogram.step, Double(bucket.index) + 0.5)
            }
        }
        return 0
    }

    private mutating func add(_ index: UInt8, _ count: Int32) {
        var place = buckets.count
        while place > 0, buckets[place - 1].index >= index { place -= 1 }
        if place < buckets.count, buckets[place].index == index {
            let (sum, overflow) = buckets[place].count.addingReportingOverflow(count)
            buckets[place].count = overflow ? (count > 0 ? .max : .min) : sum
            if buckets[place].count == 0 { buckets.remove(at: place) }
        } else {
            buckets.insert(Bucket(index: index, count: count), at: place)
        }
    }

    /// Reads a histogram.
    public init(from reader: inout ByteReader) throws(CodecError) {
        var last = -1
        for _ in 0..<(try reader.count(minimumSize: 5)) {
            let index = try reader.integer(UInt8.self)
            guard Int(index) > last, index < SpeedHistogram.bucketCount else {
                throw .malformed("speeds out of order or beyond the scale")
            }
            last = Int(index)
            buckets.append(Bucket(index: index, count: try reader.integer()))
        }
    }

    /// Writes the histogram.
    public func encode(into writer: inout ByteWriter) {
        writer.varint(UInt64(buckets.count))
        for bucket in buckets {
            writer.integer(bucket.index)
            writer.integer(bucket.count)
        }
    }
}
