/// What is known of a metric beyond its samples.
public struct MetricMetadata: Hashable, Sendable {
    /// The name of the family, without suffixes such as `_total`.
    public var family: String
    /// What it measures.
    public var type: MetricType
    /// What it means, for people.
    public var help: String
    /// Its unit, or empty.
    public var unit: String

    /// Makes a description.
    public init(family: String, type: MetricType = .unknown, help: String = "", unit: String = "") {
        self.family = family
        self.type = type
        self.help = help
        self.unit = unit
    }
}
