/// A topic that a pipeline needs.
public struct TopicSpec: Hashable, Sendable {
    /// What becomes of old records.
    public enum Retention: Hashable, Sendable {
        /// Kept until a stage deletes what it has accounted for.
        case unlimited
        /// Kept as the cluster's default says.
        case clusterDefault
        /// The newest record of each key is kept.
        case compacted
    }

    /// The topic's name.
    public var name: String
    /// How many partitions it has.
    public var partitions: Int32
    /// What becomes of old records.
    public var retention: Retention

    /// Makes a description.
    public init(name: String, partitions: Int32, retention: Retention = .clusterDefault) {
        self.name = name
        self.partitions = partitions
        self.retention = retention
    }
}
