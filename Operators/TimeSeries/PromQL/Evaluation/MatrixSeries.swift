/// A series of a result: its labels and its points.
public struct MatrixSeries: Hashable, Sendable {
    /// What names the series.
    public var labels: Labels
    /// Its points in the order of time; steps without a value are left out.
    public var points: [Sample]

    /// Makes a series.
    public init(labels: Labels, points: [Sample]) {
        self.labels = labels
        self.points = points
    }
}
