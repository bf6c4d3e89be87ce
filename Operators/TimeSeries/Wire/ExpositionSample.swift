/// A line of a metrics page.
public struct ExpositionSample: Hashable, Sendable {
    /// What names the series, the metric's name among it.
    public var labels: Labels
    /// The value.
    public var value: Double
    /// The time in milliseconds, where the page gives one.
    public var timestamp: Int64?
    /// An observation that went into the value.
    public var exemplar: Exemplar?

    /// Makes a sample.
    public init(
        labels: Labels, value: Double, timestamp: Int64? = nil, exemplar: Exemplar? = nil
    ) {
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
        self.exemplar = exemplar
    }

    public static func == (a: ExpositionSample, b: ExpositionSample) -> Bool {
        a.labels == b.labels && a.value.bitPattern == b.value.bitPattern
            && a.timestamp == b.timestamp && a.exemplar == b.exemplar
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(labels)
        hasher.combine(value.bitPattern)
    }
}
