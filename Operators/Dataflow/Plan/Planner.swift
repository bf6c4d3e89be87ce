internal import Records

/// Cuts a graph into stages: where a new key needs another partitioning, and where a stage would have to
/// commit to two systems.
struct Planner {
    let graph: Graph
    let options: PlanOptions
    private var shuffles: Set<NodeID> = []
    private var faults: [GraphFault] = []
    /// Union-find over the nodes that run in one stage.
    private var parent: [Int]

    init(_ graph: Graph, _ options: PlanOptions) {
        self.graph = graph
        self.options = options
        parent = Array(graph.nodes.indices)
    }

    mutating func plan() throws(GraphFaults) -> Plan {
        findShuffles()
        joinStages()
        var drafts = draftStages()
        var followed: [NodeID: Stage.Input] = [:]
        var followedSinks: [NodeID: NodeID] = [:]
        for index in drafts.indices {
            separateTables(&drafts[index], &followed, &followedSinks)
        }
        for draft in drafts { checkPushed(draft) }
        if options.partitions < 1 {
            faults.append(
                GraphFault(
                    operatorID: OperatorID(unchecked: "partitions"),
                    message: "a topic has at least 1 partition, not \(options.partitions)",
                    location: graph.pipeline))
        }
        if !faults.isEmpty { throw GraphFaults(faults: faults) }
        var stages = drafts.map { stage(from: $0) }
        for (sink, input) in followed.sorted(by: { $0.key < $1.key }) {
            stages.append(follower(of: sink, input))
        }
        return Plan(
            graph: graph, stages: inOrder(stages), shuffles: shuffles, followed: followed,
            followedSinks: followedSinks, options: options)
    }

    /// A stage while it is being put together.
    private struct Draft {
        var nodes: [NodeID]
        var inputs: [Stage.Input] = []
        var sinks: Set<NodeID> = []
        var exchanges: Set<NodeID> = []
        var handoffs: Set<NodeID> = []
    }

    // MARK: Cutting

    private mutating func findShuffles() {
        for node in graph.nodes where node.kind == .keyBy {
            let upstream = graph[node.upstreams[0]]
            let agrees = node.partitioning != nil && node.partitioning == upstream.partitioning
            if !agrees { shuffles.insert(node.id) }
            let operators = graph.consumers(of: node.id).filter { !isSideOutput($0) }
            if operators.count > 1 {
                fault(
                    operators[1],
                    "\(node.operatorID) is keyed for \(operators[0].operatorID) already: call keyBy again under another name"
                )
            }
        }
    }

    private func isSideOutput(_ node: GraphNode) -> Bool {
        if case .sideOutput = node.kind { true } else { false }
    }

    private mutating func joinStages() {
        for node in graph.nodes {
            for upstream in node.upstreams {
                if shuffles.contains(node.id) { continue }
                // What a shuffle's writing half can tell, such as late records, stays with that half.
                let source = isSideOutput(node) ? writingSide(of: upstream) : upstream
                parent[root(node.id.index)] = root(source.index)
            }
        }
    }

    /// Where the operator decides about single records: in front of its shuffle if it has one.
    private func writingSide(of node: NodeID) -> NodeID {
        shuffles.contains(node) ? graph[node].upstreams[0] : node
    }

    private func root(_ index: Int) -> Int {
        var index = index
        while parent[index] != index { index = parent[index] }
        return index
    }

    private func draftStages() -> [Draft] {
        var drafts: [Int: Draft] = [:]
        for node in graph.nodes {
            var draft = drafts[root(node.id.index)] ?? Draft(nodes: [])
            draft.nodes.append(node.id)
            switch node.kind {
            case .topicSource(let topic):
                draft.inputs.append(Stage.Input(kind: .topic, topic: topic, node: node.id))
            case .pushSource:
                draft.inputs.append(Stage.Input(kind: .push, topic: "", node: node.id))
            case .keyBy where shuffles.contains(node.id):
                draft.inputs.append(
                    Stage.Input(
                        kind: .exchange,
                        topic: "\(graph.pipeline).\(node.operatorID).repartition", node: node.id))
                drafts[root(node.upstreams[0].index), default: Draft(nodes: [])]
                    .exchanges.insert(node.id)
            default:
                if node.isSink { draft.sinks.insert(node.id) }
            }
            drafts[root(node.id.index)] = draft
        }
        return drafts.values.sorted { ($0.nodes.first?.index ?? 0) < ($1.nodes.first?.index ?? 0) }
    }

    /// A stage that writes topics can't commit rows too: its table sinks become stages of their own.
    private func separateTables(
        _ draft: inout Draft, _ followed: inout [NodeID: Stage.Input],
        _ followedSinks: inout [NodeID: NodeID]
    ) {
        func topic(_ sink: NodeID) -> String? {
            if case .topicSink(let topic) = graph[sink].kind { topic } else { nil }
        }
        func isTable(_ sink: NodeID) -> Bool {
            if case .tableSink = graph[sink].kind { true } else { false }
        }
        let writesTopics = !draft.exchanges.isEmpty || draft.sinks.contains { topic($0) != nil }
        let isPushed = draft.inputs.contains { $0.kind == .push }
        guard writesTopics || isPushed else { return }
        for sink in draft.sinks.filter(isTable).sorted() {
            draft.sinks.remove(sink)
            let same = draft.sinks.sorted().first {
                topic($0) != nil && graph[$0].upstreams == graph[sink].upstreams
            }
            if let same, let topic = topic(same) {
                followed[sink] = Stage.Input(kind: .follow, topic: topic, node: sink)
                followedSinks[sink] = same
            } else {
                draft.handoffs.insert(sink)
                followed[sink] = Stage.Input(
                    kind: .handoff,
                    topic: "\(graph.pipeline).\(graph[sink].operatorID).handoff", node: sink)
            }
        }
    }

    private mutating func checkPushed(_ draft: Draft) {
        guard let push = draft.inputs.first(where: { $0.kind == .push }) else { return }
        if draft.inputs.count > 1 {
            fault(
                graph[push.node],
                "pushed records have no offsets: they can't be joined with a topic in one stage; write them to a topic first"
            )
        }
        let topics = draft.sinks.filter {
            if case .topicSink = graph[$0].kind { true } else { false }
        }
        if topics.count + draft.exchanges.count + draft.handoffs.count > 1 {
            fault(
                graph[push.node],
                "a stage without offsets writes one topic only: let a second stage read that topic")
        }
    }

    private mutating func fault(_ node: GraphNode, _ message: String) {
        faults.append(
            GraphFault(operatorID: node.operatorID, message: message, location: node.location))
    }

    // MARK: Stages

    private func stage(from draft: Draft) -> Stage {
        let writesTopics =
            !draft.exchanges.isEmpty || !draft.handoffs.isEmpty
            || draft.sinks.contains {
                if case .topicSink = graph[$0].kind { true } else { false }
            }
        let writesTables = draft.sinks.contains {
            if case .tableSink = graph[$0].kind { true } else { false }
        }
        let authority: Stage.Authority =
            draft.inputs.contains { $0.kind == .push }
            ? .delivery : writesTables && !writesTopics ? .postgres : .kafka
        return Stage(
            name: draft.inputs.first.map { graph[$0.node].operatorID.rawValue } ?? "",
            inputs: draft.inputs, nodes: draft.nodes, sinks: draft.sinks,
            exchanges: draft.exchanges, handoffs: draft.handoffs, cuts: cuts(draft),
            authority: authority,
            writesDeadLetters: draft.sinks.contains { graph[$0].kind == .deadLetters },
            needsFixedPartitions: draft.nodes.contains { graph[$0].kind == .keyBy }
                || draft.inputs.count > 1)
    }

    private func follower(of sink: NodeID, _ input: Stage.Input) -> Stage {
        Stage(
            name: graph[sink].operatorID.rawValue, inputs: [input], nodes: [sink], sinks: [sink],
            exchanges: [], handoffs: [], cuts: [], authority: .postgres, writesDeadLetters: false,
            needsFixedPartitions: false)
    }

    /// The operators with several consumers in the stage, and those with several sources.
    private func cuts(_ draft: Draft) -> Set<NodeID> {
        let inside = Set(draft.nodes)
        var cuts: Set<NodeID> = []
        for id in draft.nodes {
            let node = graph[id]
            if node.kind == .union { cuts.insert(id) }
            if isSideOutput(node) { continue }
            var chains = 0
            for consumer in graph.consumers(of: id) {
                if draft.exchanges.contains(consumer.id) {
                    chains += 1
                } else if isSideOutput(consumer) {
                    continue
                } else if consumer.isSink {
                    if draft.sinks.contains(consumer.id) || draft.handoffs.contains(consumer.id) {
                        chains += 1
                    }
                } else if inside.contains(consumer.id) {
                    chains += 1
                }
            }
            if chains > 1 { cuts.insert(id) }
        }
        return cuts
    }

    /// Each stage behind those that write what it reads; otherwise in the order of definition.
    private func inOrder(_ stages: [Stage]) -> [Stage] {
        func writes(_ stage: Stage, _ input: Stage.Input) -> Bool {
            switch input.kind {
            case .exchange: stage.exchanges.contains(input.node)
            case .handoff: stage.handoffs.contains(input.node)
            case .topic, .follow:
                stage.sinks.contains {
                    if case .topicSink(input.topic) = graph[$0].kind { true } else { false }
                }
            case .push: false
            }
        }
        var ordered: [Stage] = []
        var rest = stages
        while !rest.isEmpty {
            let ready =
                rest.firstIndex { candidate in
                    !rest.contains { other in
                        other.name != candidate.name
                            && candidate.inputs.contains { writes(other, $0) }
                    }
                } ?? 0
            ordered.append(rest.remove(at: ready))
        }
        return ordered
    }
}

extension Plan {
    /// Cuts a graph into stages.
    ///
    /// - Throws: ``GraphFaults`` with everything that can't be planned.
    public init(_ graph: Graph, options: PlanOptions = PlanOptions()) throws(GraphFaults) {
        var planner = Planner(graph, options)
        self = try planner.plan()
    }
}
