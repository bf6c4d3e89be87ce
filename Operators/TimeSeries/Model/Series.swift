/// A series: its identity and some of its samples.
public struct Series: Sendable {
    /// What names the series.
    public var labels: Labels
    /// Its samples in the order of time.
    public var samples: SampleColumns

    /// Makes a series.
    public init(labels: Labels, samples: SampleColumns) {
        self.labels = labels
        self.samples = samples
    }
}
