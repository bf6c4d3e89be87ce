/// One observation, with labels such as a trace's number, that went into a sample.
public struct Exemplar: Hashable, Sendable {
    /// What names the observation.
    public var labels: Labels
    /// The observed value.
    public var value: Double
    /// When it was observed, in milliseconds, where that is known.
    public var timestamp: Int64?

    /// Makes an exemplar.
    public init(labels: Labels, value: Double, timestamp: Int64? = nil) {
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
    }
}
