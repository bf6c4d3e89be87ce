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

extension TopicSpec {
    /// Characters of a topic's name, at most.
    public static let maximumNameLength = 249

    /// Whether a text can name a topic, by Kafka's rules.
    public static func isName(_ text: String) -> Bool {
        (1...maximumNameLength).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
