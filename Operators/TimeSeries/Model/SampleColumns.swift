/// The samples of one series in two columns, in the order of time.
public struct SampleColumns: Sendable {
    /// Milliseconds since 1970, strictly increasing.
    public private(set) var timestamps: [Int64]
    /// The value at each time.
    public private(set) var values: [Double]

    /// Starts empty.
    public init(capacity: Int = 0) {
        timestamps = []
        values = []
        timestamps.reserveCapacity(capacity)
        values.reserveCapacity(capacity)
    }

    /// Makes columns from samples in any order; of several with one time the last one counts.
    public init(_ samples: some Sequence<Sample>) {
        self.init()
        for sample in samples { insert(sample) }
    }

    /// Takes columns of equal length and increasing time; what doesn't fit is left out.
    public init(timestamps: [Int64], values: [Double]) {
        guard timestamps.count == values.count,
            zip(timestamps, timestamps.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            self.init(zip(timestamps, values).map { Sample($0, $1) })
            return
        }
        self.init()
        self.timestamps = timestamps
        self.values = values
    }

    /// Takes columns that are known to be of equal length and increasing time.
    init(increasing timestamps: [Int64], _ values: [Double]) {
        self.timestamps = timestamps
        self.values = values
    }

    /// How many samples there are.
    @inlinable
    public var count: Int { timestamps.count }

    /// Whether there are none.
    @inlinable
    public var isEmpty: Bool { timestamps.isEmpty }

    /// The sample at a place.
    @inlinable
    public subscript(position: Int) -> Sample {
        Sample(timestamps[position], values[position])
    }

    /// Adds a sample behind the last one, or where it belongs; one at a known time replaces it.
    public mutating func insert(_ sample: Sample) {
        guard let last = timestamps.last, last >= sample.timestamp else {
            timestamps.append(sample.timestamp)
            values.append(sample.value)
            return
        }
        let index = firstIndex(atOrAfter: sample.timestamp)
        if index < count, timestamps[index] == sample.timestamp {
            values[index] = sample.value
        } else {
            timestamps.insert(sample.timestamp, at: index)
            values.insert(sample.value, at: index)
        }
    }

    /// Adds a sample known to be later than every other.
    @inline(__always)
    mutating func appendLast(_ timestamp: Int64, _ value: Double) {
        timestamps.append(timestamp)
        values.append(value)
    }

    /// The place of the first sample at `timestamp` or later.
    public func firstIndex(atOrAfter timestamp: Int64) -> Int {
        var low = 0
        var high = timestamps.count
        while low < high {
            let middle = (low + high) / 2
            if timestamps[middle] < timestamp { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The samples whose time lies in `range`.
    public func sliced(_ range: ClosedRange<Int64>) -> SampleColumns {
        guard let first = timestamps.first, let last = timestamps.last else { return self }
        if first >= range.lowerBound, last <= range.upperBound { return self }
        let low = firstIndex(atOrAfter: range.lowerBound)
        let high =
            range.upperBound == .max ? count : firstIndex(atOrAfter: range.upperBound + 1)
        guard low < high else { return SampleColumns() }
        var result = SampleColumns()
        result.timestamps = Array(timestamps[low..<high])
        result.values = Array(values[low..<high])
        return result
    }

    /// The samples as values, for tests and writers.
    public var samples: [Sample] {
        zip(timestamps, values).map { Sample($0, $1) }
    }
}
