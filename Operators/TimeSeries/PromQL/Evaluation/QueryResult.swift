/// A query's value and what there is to be said of it.
public struct QueryResult: Sendable {
    /// What the query yields.
    public var value: QueryValue
    /// Warnings and infos, each once, in the order in which they arose.
    public var annotations: [Annotation]
    /// The greatest number of samples that were held at once.
    public var peakSamples: Int

    /// The warnings.
    public var warnings: [Annotation] { annotations.filter { $0.level == .warning } }
    /// The infos.
    public var infos: [Annotation] { annotations.filter { $0.level == .info } }
}
