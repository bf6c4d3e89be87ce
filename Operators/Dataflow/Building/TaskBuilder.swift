public import Records

/// Builds the chains of one task: hands each flow what the plan decided for it.
///
/// A builder is used once, on the task's thread, by ``GraphBuilder/makeChain(stage:plan:context:)``.
public final class TaskBuilder {
    /// The whole plan.
    public let plan: Plan
    /// The stage that is being built.
    public let stage: Stage
    /// What the task's sinks share.
    public let context: TaskContext
    /// The inputs that were found so far.
    public private(set) var inputs: [StageInput] = []
    private var outlets: [NodeID: AnyObject] = [:]

    init(plan: Plan, stage: Stage, context: TaskContext) {
        self.plan = plan
        self.stage = stage
        self.context = context
        let (isTable, topic) = (stage.authority == .postgres, plan.deadLetterTopic)
        context.openLetters = { DeadLetterOutlet($0, isTable: isTable, topic: topic) }
    }

    /// Adds a place where data enters.
    public func addInput(_ input: StageInput) {
        inputs.append(input)
    }

    /// The outlet of a node, made when it is first asked for.
    public func outlet<Element>(_ node: NodeID, _ type: Element.Type) -> Outlet<Element> {
        if let outlet = outlets[node] as? Outlet<Element> { return outlet }
        let outlet = Outlet<Element>(operatorID(node))
        outlets[node] = outlet
        return outlet
    }

    /// The operator's name.
    public func operatorID(_ node: NodeID) -> OperatorID { plan.graph[node].operatorID }

    /// The operators that make each record of the one that they are given.
    private static let direct: Set<String> = [
        "map", "filter", "flatMap", "compactMap", "assignTimestamps", "refuseAhead",
    ]

    /// Whether each record that reaches a node comes of the one record that is being read just then: no state,
    /// and no seam at which records are gathered, lies between its topic and it.
    public func isDirect(_ node: NodeID) -> Bool {
        var node = plan.graph[node]
        while let up = node.upstreams.first, node.upstreams.count == 1 {
            if stage.cuts.contains(up) { return false }
            node = plan.graph[up]
            switch node.kind {
            case .topicSource: return true
            case .transform(let word) where TaskBuilder.direct.contains(word): continue
            case .keyBy where !shuffles(up): continue
            default: return false
            }
        }
        return false
    }

    /// Whether the stream is divided anew at a keying node.
    public func shuffles(_ node: NodeID) -> Bool { plan.shuffles.contains(node) }
}
