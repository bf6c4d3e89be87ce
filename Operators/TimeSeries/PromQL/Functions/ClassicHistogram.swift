/// The buckets of a histogram kept as series with a label `le`, at one step.
struct ClassicHistogram {
    struct Bucket {
        var upperBound: Double
        var count: Double
    }

    var buckets: [Bucket]

    /// Sorts the buckets and adds up those of one bound; `false` when the last one isn't +Inf.
    private mutating func normalize() -> Bool {
        buckets.sort { $0.upperBound < $1.upperBound }
        guard buckets.last?.upperBound == .infinity else { return false }
        var merged: [Bucket] = []
        for bucket in buckets {
            if let last = merged.last, last.upperBound == bucket.upperBound {
                merged[merged.count - 1].count += bucket.count
            } else {
                merged.append(bucket)
            }
        }
        buckets = merged
        return true
    }

    /// Makes the counts rise from bucket to bucket: differences that come from rounding go either
    /// way, others are lifted; whether any were.
    private mutating func forceMonotonicity() -> Bool {
        guard var previous = buckets.first?.count else { return false }
        var forced = false
        for index in buckets.indices.dropFirst() {
            let current = buckets[index].count
            if current == previous { continue }
            if Arithmetic.isClose(previous, current, within: 1e-12) {
                buckets[index].count = previous
            } else if current < previous {
                buckets[index].count = previous
                forced = true
            } else {
                previous = current
            }
        }
        return forced
    }

    /// The quantile, interpolated within its bucket, and whether counts had to be lifted.
    mutating func quantile(_ q: Double) -> (value: Double, forced: Bool) {
        if q.isNaN { return (StaleMarker.normalNaN, false) }
        if q < 0 { return (-.infinity, false) }
        if q > 1 { return (.infinity, false) }
        guard normalize() else { return (StaleMarker.normalNaN, false) }
        let forced = forceMonotonicity()
        guard buckets.count >= 2 else { return (StaleMarker.normalNaN, false) }
        let observations = buckets[buckets.count - 1].count
        guard observations != 0 else { return (StaleMarker.normalNaN, false) }
        var rank = q * observations
        let place = buckets.dropLast().firstIndex { $0.count >= rank } ?? buckets.count - 1
        if place == buckets.count - 1 { return (buckets[place - 1].upperBound, forced) }
        if place == 0, buckets[0].upperBound <= 0 { return (buckets[0].upperBound, forced) }
        var start = 0.0
        let end = buckets[place].upperBound
        var count = buckets[place].count
        if place > 0 {
            start = buckets[place - 1].upperBound
            count -= buckets[place - 1].count
            rank -= buckets[place - 1].count
        }
        return (start + (end - start) * (rank / count), forced)
    }

    /// The share of observations between two bounds.
    mutating func fraction(_ lower: Double, _ upper: Double) -> Double {
        guard normalize(), let count = buckets.last?.count, count != 0, !lower.isNaN,
            !upper.isNaN
        else { return StaleMarker.normalNaN }
        if lower >= upper { return 0 }
        var rank = 0.0
        var lowerRank: Double?
        var upperRank: Double?
        // The lowest bucket is taken to begin at 0 where that makes sense.
        var start = buckets[0].upperBound > 0 ? 0 : -Double.infinity
        for (index, bucket) in buckets.enumerated() {
            if index > 0 { start = buckets[index - 1].upperBound }
            let end = bucket.upperBound
            func interpolated(_ value: Double) -> Double {
                // Of a bucket without a lower bound nothing can be said.
                start.isInfinite
                    ? bucket.count : rank + (bucket.count - rank) * (value - start) / (end - start)
            }
            if lowerRank == nil, start >= lower { lowerRank = rank }
            if upperRank == nil, start >= upper { upperRank = rank }
            if lowerRank == nil, start < lower, end > lower { lowerRank = interpolated(lower) }
            if upperRank == nil, start < upper, end > upper { upperRank = interpolated(upper) }
            if lowerRank != nil, upperRank != nil { break }
            rank = bucket.count
        }
        let low = min(lowerRank ?? count, count)
        let high = min(upperRank ?? count, count)
        return (high - low) / count
    }
}
