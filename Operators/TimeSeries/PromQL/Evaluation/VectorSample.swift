/// A series' value at one time.
public struct VectorSample: Hashable, Sendable {
    /// What names the series.
    public var labels: Labels
    /// The time of the evaluation, and the value.
    public var sample: Sample

    /// Makes a sample.
    public init(labels: Labels, sample: Sample) {
        self.labels = labels
        self.sample = sample
    }
}
