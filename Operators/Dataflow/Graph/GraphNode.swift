public import Records

/// The number of a node in its graph: nodes are numbered in the order of their definition.
public struct NodeID: Hashable, Comparable, Sendable {
    /// The number.
    public let index: Int

    init(_ index: Int) { self.index = index }

    /// By definition order.
    public static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}

/// An operator as the graph knows it: everything but its closures.
public struct GraphNode: Sendable {
    /// What sort of operator a node is, as far as planning goes.
    public enum Kind: Hashable, Sendable {
        /// Reads a topic.
        case topicSource(topic: String)
        /// Takes what is pushed in: HTTP, tests. It has no offsets.
        case pushSource
        /// Handles a record at a time or keeps state: `filter`, `window`, …
        case transform(String)
        /// Divides the stream by a key.
        case keyBy
        /// Joins several streams of one type.
        case union
        /// A second output of another operator.
        case sideOutput(of: NodeID)
        /// Writes a topic.
        case topicSink(topic: String)
        /// Writes a table.
        case tableSink(table: String)
        /// Keeps what could not be used, through the stage's own authority.
        case deadLetters
        /// Ends in memory: tests and benchmarks.
        case localSink
    }

    /// The node's number.
    public let id: NodeID
    /// The operator's name.
    public let operatorID: OperatorID
    /// What it is.
    public let kind: Kind
    /// Where its records come from.
    public let upstreams: [NodeID]
    /// The type of its records, for people.
    public let output: String
    /// Further facts for people, in order: `window` `60 s`.
    public let details: [Detail]
    /// Where the author named it: `File.swift:12`.
    public let location: String
    /// Whether records behind it carry event time that is watched by a watermark.
    public let isTimed: Bool
    /// The property of its records by which their topic is divided; nil when unknown.
    public let partitioning: Partitioning?
    /// The version of its state that the author declared.
    public let stateVersion: UInt32

    /// One fact for people.
    public struct Detail: Hashable, Sendable {
        /// What it is.
        public let name: String
        /// Its value.
        public let value: String
    }

    /// The topic that the node reads or writes by name; nil for every other kind.
    public var topic: String? {
        switch kind {
        case .topicSource(let topic), .topicSink(let topic): topic
        default: nil
        }
    }

    /// Whether the node ends a stream.
    public var isSink: Bool {
        switch kind {
        case .topicSink, .tableSink, .deadLetters, .localSink: true
        default: false
        }
    }
}

/// The identity of the property by which a stream is divided.
///
/// Key paths compare equal exactly when they name the same property, so a stream keyed by the property
/// that keys its topic is recognised without running anything.
public struct Partitioning: Hashable, @unchecked Sendable {
    // A key path is immutable; the compiler only can't tell that its captured indexes are (ours have
    // none).
    let path: AnyKeyPath

    /// Division by a property.
    public init(_ path: AnyKeyPath) { self.path = path }
}
