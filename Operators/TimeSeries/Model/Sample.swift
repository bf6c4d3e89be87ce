/// One value of a series at one time.
public struct Sample: Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var timestamp: Int64
    /// The value; ``StaleMarker/value`` says that the series has ended for now.
    public var value: Double

    /// Makes a sample.
    @inlinable
    public init(_ timestamp: Int64, _ value: Double) {
        self.timestamp = timestamp
        self.value = value
    }
}

extension Sample: Hashable {
    /// Bit by bit, so that a NaN equals itself and the stale marker equals no other NaN.
    public static func == (a: Sample, b: Sample) -> Bool {
        a.timestamp == b.timestamp && a.value.bitPattern == b.value.bitPattern
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(timestamp)
        hasher.combine(value.bitPattern)
    }
}
