internal import Records

extension Plan {
    /// The plan for people: stage by stage, what is read, done, kept and written.
    public func explained() -> String {
        var lines = ["pipeline \(graph.pipeline): \(count(stages.count, "stage"))"]
        for (number, stage) in stages.enumerated() {
            lines.append("")
            lines.append(
                "stage \(number + 1) \(stage.name)   commits to \(describe(stage.authority))")
            for input in stage.inputs { lines.append("  reads   \(describe(input))") }
            for id in stage.nodes where !graph[id].isSink { append(id, in: stage, to: &lines) }
            for keyBy in stage.exchanges.sorted() {
                lines.append("  writes  \(exchangeTopic(keyBy))   by \(graph[keyBy].operatorID)")
            }
            for sink in stage.handoffs.sorted() { lines.append("  writes  \(handoffTopic(sink))") }
            for sink in stage.sinks.sorted() {
                lines.append("  sink    \(graph[sink].operatorID)   \(describe(graph[sink]))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func append(_ id: NodeID, in stage: Stage, to lines: inout [String]) {
        let node = graph[id]
        var words = [node.operatorID.rawValue, word(node.kind)]
        if case .keyBy = node.kind {
            words.append(shuffles.contains(id) ? "shuffle" : "no shuffle: the topic's own key")
        }
        words += node.details.map { "\($0.name) \($0.value)" }
        if stage.cuts.contains(id) { words.append("cut") }
        if case .sideOutput(let main) = node.kind { words.append("of \(graph[main].operatorID)") }
        lines.append(
            "  \(words.joined(separator: "  "))  -> \(node.output)   (\(node.location))")
    }

    private func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    private func describe(_ authority: Stage.Authority) -> String {
        switch authority {
        case .kafka: "Kafka"
        case .postgres: "PostgreSQL"
        case .delivery: "nothing: the caller waits for the log"
        }
    }

    private func describe(_ input: Stage.Input) -> String {
        switch input.kind {
        case .push: "\(graph[input.node].operatorID)   pushed in"
        case .topic: "topic \(input.topic)"
        case .exchange: "topic \(input.topic)   own partitioning, watermarks in band"
        case .handoff: "topic \(input.topic)   own records for \(graph[input.node].operatorID)"
        case .follow: "topic \(input.topic)   the same records as \(graph[input.node].operatorID)"
        }
    }

    private func describe(_ sink: GraphNode) -> String {
        switch sink.kind {
        case .topicSink(let topic): "topic \(topic)"
        case .tableSink(let table): "table \(table)"
        case .deadLetters: "dead letters"
        default: "in memory"
        }
    }

    /// The word for a kind of operator.
    func word(_ kind: GraphNode.Kind) -> String {
        switch kind {
        case .topicSource: "source"
        case .pushSource: "push source"
        case .transform(let name): name
        case .keyBy: "keyBy"
        case .union: "union"
        case .sideOutput: "side output"
        case .topicSink, .tableSink, .deadLetters, .localSink: "sink"
        }
    }
}
