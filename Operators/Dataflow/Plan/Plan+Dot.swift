internal import Records

extension Plan {
    /// The plan as a drawing in Graphviz's DOT language: a cluster a stage, topics between them.
    public func dot() -> String {
        var lines = [
            "digraph \(quoted(graph.pipeline)) {", "  rankdir=LR;",
            "  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=11];",
            "  edge [color=\"#666666\"];",
        ]
        for (number, stage) in stages.enumerated() {
            lines.append("  subgraph cluster_\(number) {")
            lines.append("    label=\(quoted("stage \(stage.name)")); color=\"#999999\";")
            for id in drawn(in: stage) {
                let node = graph[id]
                let label = "\(node.operatorID)\\n\(word(node.kind))"
                lines.append("    n\(id.index) [label=\"\(label)\"];")
            }
            lines.append("  }")
        }
        for topic in topics {
            lines.append("  \(quoted(topic.name)) [shape=cds, style=solid];")
        }
        lines += edges()
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    private func edges() -> [String] {
        var edges: [String] = []
        for stage in stages {
            for input in stage.inputs where input.kind != .push {
                edges.append("  \(quoted(input.topic)) -> n\(input.node.index);")
            }
            for keyBy in stage.exchanges.sorted() {
                let upstream = graph[keyBy].upstreams[0].index
                edges.append("  n\(upstream) -> \(quoted(exchangeTopic(keyBy)));")
            }
            for sink in stage.handoffs.sorted() {
                let upstream = graph[sink].upstreams[0].index
                edges.append("  n\(upstream) -> \(quoted(handoffTopic(sink)));")
            }
            for sink in stage.sinks.sorted() {
                if case .topicSink(let topic) = graph[sink].kind {
                    edges.append("  n\(sink.index) -> \(quoted(topic));")
                }
                if graph[sink].kind == .deadLetters, stage.authority != .postgres {
                    edges.append("  n\(sink.index) -> \(quoted(deadLetterTopic));")
                }
            }
            let drawn = drawn(in: stage)
            let inside = Set(drawn)
            for id in drawn {
                for upstream in graph[id].upstreams
                where inside.contains(upstream) && !shuffles.contains(id) {
                    edges.append("  n\(upstream.index) -> n\(id.index);")
                }
            }
        }
        return edges
    }

    /// The nodes that stand in a stage's cluster: a table that another stage writes stands in that one.
    private func drawn(in stage: Stage) -> [NodeID] {
        stage.nodes.filter { followed[$0] == nil || stage.sinks.contains($0) }
    }

    private func quoted(_ text: String) -> String { "\"\(text)\"" }
}
