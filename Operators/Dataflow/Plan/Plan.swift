public import Records

/// A graph, validated and cut into stages: a value that prints.
public struct Plan: Sendable {
    /// The definition.
    public let graph: Graph
    /// The stages, each behind those that it reads from.
    public let stages: [Stage]
    /// The keying nodes at which the stream is divided anew.
    public let shuffles: Set<NodeID>
    /// The topic that a table sink of its own stage reads: the one that carries the same records.
    public let followed: [NodeID: Stage.Input]
    /// The topic sinks that table sinks follow.
    public let followedSinks: [NodeID: NodeID]
    /// What was asked for.
    public let options: PlanOptions

    /// The stage of a name.
    public func stage(named name: String) -> Stage? { stages.first { $0.name == name } }

    /// The topic through which a keying node divides the stream anew.
    public func exchangeTopic(_ keyBy: NodeID) -> String {
        "\(graph.pipeline).\(graph[keyBy].operatorID).repartition"
    }

    /// The topic through which a table sink gets its records when no published topic carries them.
    public func handoffTopic(_ sink: NodeID) -> String {
        "\(graph.pipeline).\(graph[sink].operatorID).handoff"
    }

    /// The topic of what could not be used.
    public var deadLetterTopic: String { "\(graph.pipeline).dead-letters" }

    /// Every topic that the plan reads or writes, sorted by name.
    public var topics: [TopicSpec] {
        var specs: [String: TopicSpec] = [:]
        func add(_ name: String, _ retention: TopicSpec.Retention) {
            if specs[name] == nil || retention == .unlimited {
                specs[name] = TopicSpec(
                    name: name, partitions: options.partitions, retention: retention)
            }
        }
        for stage in stages {
            for input in stage.inputs {
                switch input.kind {
                case .topic, .follow: add(input.topic, .clusterDefault)
                case .exchange, .handoff: add(input.topic, .unlimited)
                case .push: break
                }
            }
            for sink in stage.sinks {
                if case .topicSink(let topic) = graph[sink].kind { add(topic, .clusterDefault) }
            }
            // Whatever writes a topic may have to say that a record is too large for it.
            let mayWriteLetters =
                stage.writesDeadLetters || stage.readsOwnTopics || stage.authority == .kafka
            if mayWriteLetters, stage.authority != .postgres {
                add(deadLetterTopic, .clusterDefault)
            }
        }
        return specs.values.sorted { $0.name < $1.name }
    }
}

/// What a plan is made for.
public struct PlanOptions: Hashable, Sendable {
    /// How many partitions topics get that Millrace creates.
    public var partitions: Int32

    /// Makes options.
    public init(partitions: Int32 = 4) { self.partitions = partitions }
}
