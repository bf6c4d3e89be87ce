/// A part of a plan that runs as one: it reads partitions with the same number, keeps state and commits
/// to one authority.
public struct Stage: Sendable {
    /// Where a stage's records come from.
    public enum InputKind: String, Hashable, Sendable {
        /// A topic that the pipeline names.
        case topic
        /// What an earlier stage wrote when a new key needed another partitioning.
        case exchange
        /// What an earlier stage wrote for a sink with another authority.
        case handoff
        /// A topic that an earlier stage of the same pipeline publishes.
        case follow
        /// No topic: records are pushed in.
        case push
    }

    /// One input.
    public struct Input: Hashable, Sendable {
        /// What it is.
        public let kind: InputKind
        /// The topic; empty for pushed records.
        public let topic: String
        /// The node at which it enters the graph.
        public let node: NodeID
    }

    /// The system that decides whether an epoch of the stage's tasks happened.
    public enum Authority: String, Hashable, Sendable {
        /// Kafka: outputs and offsets.
        case kafka
        /// PostgreSQL: rows and offsets.
        case postgres
        /// The caller who pushes records in waits for the delivery report.
        case delivery
    }

    /// The stage's name: the operator at which it begins.
    public let name: String
    /// Its inputs, in the order of their definition.
    public let inputs: [Input]
    /// The operators that run in it.
    public let nodes: [NodeID]
    /// The sinks that are built in it.
    public let sinks: Set<NodeID>
    /// The keying nodes whose shuffle it writes.
    public let exchanges: Set<NodeID>
    /// The table sinks for which it writes a handoff topic.
    public let handoffs: Set<NodeID>
    /// The operators behind which its chain is cut.
    public let cuts: Set<NodeID>
    /// Who decides.
    public let authority: Authority
    /// Whether it writes dead letters.
    public let writesDeadLetters: Bool

    /// The topics that it reads.
    public var topics: [String] { inputs.filter { $0.kind != .push }.map(\.topic) }

    /// Whether the number of its inputs' partitions must stay as it is: it keeps state by their keys, which
    /// would move, or joins partitions of the same number.
    public let needsFixedPartitions: Bool

    /// Whether it reads topics that stages of its own pipeline write, whose records it must be able to decode.
    public var readsOwnTopics: Bool { inputs.contains { $0.kind != .topic && $0.kind != .push } }

    /// Whether nothing but pushed records enters it.
    public var isPushed: Bool { inputs.allSatisfy { $0.kind == .push } }
}
