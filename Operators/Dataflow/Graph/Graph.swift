public import Records

/// A pipeline's definition as a value: operators, edges, types and parameters, without a closure.
public struct Graph: Sendable {
    /// The pipeline's name.
    public let pipeline: String
    /// The operators, in the order of their definition; a node's id is its index.
    public let nodes: [GraphNode]
    /// How it is to be run, where no flag says otherwise.
    public let policy: RunPolicy
    /// What whoever starts it is to know: parameters that can be used, and shouldn't be in production.
    public let notices: [String]
    /// What was wrong while it was defined; see ``validated()``.
    let definitionFaults: [GraphFault]

    /// The node of an id of this graph.
    public subscript(id: NodeID) -> GraphNode { nodes[id.index] }

    /// The operators that consume a node's records, in the order of their definition.
    public func consumers(of id: NodeID) -> [GraphNode] {
        nodes.filter { $0.upstreams.contains(id) }
    }

    /// The node of an operator.
    public func node(named operatorID: OperatorID) -> GraphNode? {
        nodes.first { $0.operatorID == operatorID }
    }

    /// Checks the whole definition.
    ///
    /// - Throws: ``GraphFaults`` with everything that is wrong, in the order of the definition.
    public func validated() throws(GraphFaults) -> Graph {
        var faults = definitionFaults
        func fault(_ node: GraphNode, _ message: String) {
            faults.append(
                GraphFault(
                    operatorID: node.operatorID, message: message, location: node.location))
        }
        var named: [OperatorID: GraphNode] = [:]
        for node in nodes {
            if !OperatorID.isWellFormed(node.operatorID.rawValue) {
                fault(
                    node,
                    "an operator's name is 1 to \(OperatorID.maximumLength) characters of a-z, 0-9, '.', '-'"
                )
            }
            if let other = named.updateValue(node, forKey: node.operatorID) {
                fault(
                    node,
                    "the name is taken by the operator at \(other.location); each names its state, so they must differ"
                )
            }
            if let topic = node.topic, !TopicSpec.isName(topic) {
                fault(
                    node,
                    "\"\(topic)\" can't name a topic: a name is 1 to \(TopicSpec.maximumNameLength) characters of a-z, A-Z, 0-9, '.', '_', '-', and neither \".\" nor \"..\""
                )
            }
            if !node.isSink, consumers(of: node.id).isEmpty {
                fault(node, unconsumed(node))
            }
            if case .transform("window") = node.kind,
                node.upstreams.contains(where: { !self[$0].isTimed })
            {
                fault(
                    node,
                    "a window needs event time: put .assignTimestamps(…) between the source and keyBy"
                )
            }
        }
        if nodes.isEmpty {
            faults.append(
                GraphFault(
                    operatorID: OperatorID(unchecked: pipeline),
                    message: "the pipeline is empty: it needs a source and a sink",
                    location: pipeline))
        }
        if !faults.isEmpty { throw GraphFaults(faults: faults) }
        return self
    }

    private func unconsumed(_ node: GraphNode) -> String {
        switch node.kind {
        case .sideOutput(let main):
            "nobody consumes this side output of \(self[main].operatorID): give it a sink, as .sink(\"…\", to: DeadLetters())"
        case .keyBy: "a keyed stream without an operator behind it does nothing"
        default: "nobody consumes this stream: give it a sink or remove it"
        }
    }
}
