/// A series as it came over the wire.
public struct WireSeries: Sendable {
    /// What names the series.
    public var labels: Labels
    /// Its samples, in the order of arrival.
    public var samples: [Sample]
    /// Observations that went into them.
    public var exemplars: [Exemplar]
    /// When the counter began, in milliseconds, where that is known.
    public var created: Int64?

    /// Makes a series.
    public init(
        labels: Labels, samples: [Sample], exemplars: [Exemplar] = [], created: Int64? = nil
    ) {
        self.labels = labels
        self.samples = samples
        self.exemplars = exemplars
        self.created = created
    }
}
