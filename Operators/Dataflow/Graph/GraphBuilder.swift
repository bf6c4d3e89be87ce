public import Records

/// Receives a pipeline's definition: every operator that the fluent chain names is noted here.
///
/// A builder holds closures and belongs to one thread: each thread of a worker lets the pipeline define
/// itself anew and builds its tasks from its own copy. ``graph()`` freezes the definition into a value.
public final class GraphBuilder {
    /// The pipeline's name.
    public let pipeline: String
    /// The values that operators share, loaded once a process.
    public let resources: ResourceCache
    /// How the pipeline is to be run, where no flag says otherwise.
    ///
    ///     graph.policy.commitRecords = 10_000
    public var policy = RunPolicy()
    private var nodes: [GraphNode] = []
    private var faults: [GraphFault] = []
    private var notices: [String] = []
    private var terminals: [Terminal] = []
    private var topicReaders: [NodeID: Any] = [:]

    /// A chain's end: where building a stage begins.
    struct Terminal {
        enum Role {
            /// A sink node.
            case sink
            /// The half of a shuffle that writes, built only where the plan divides anew.
            case exchangeWriter
        }
        let node: NodeID
        let role: Role
        let build: (TaskBuilder) throws -> Void
    }

    /// Makes a builder for one definition.
    public init(pipeline: String, resources: ResourceCache = ResourceCache()) {
        self.pipeline = pipeline
        self.resources = resources
    }

    /// The definition so far, checked.
    public func graph() throws(GraphFaults) -> Graph {
        let policyFaults = policy.faults.map {
            GraphFault(
                operatorID: OperatorID(unchecked: pipeline), message: $0, location: "policy")
        }
        return try Graph(
            pipeline: pipeline, nodes: nodes, policy: policy, notices: notices,
            definitionFaults: faults + policyFaults
        ).validated()
    }

    /// Notes an operator.
    public func add(
        _ operatorID: String, _ kind: GraphNode.Kind, upstreams: [NodeID] = [],
        output: Any.Type, details: KeyValuePairs<String, String> = [:], isTimed: Bool,
        partitioning: Partitioning? = nil, stateVersion: UInt32 = 1, at location: SourceLocation
    ) -> NodeID {
        let id = NodeID(nodes.count)
        nodes.append(
            GraphNode(
                id: id, operatorID: OperatorID(unchecked: operatorID), kind: kind,
                upstreams: upstreams, output: String(describing: output),
                details: details.map { GraphNode.Detail(name: $0.key, value: $0.value) },
                location: location.description, isTimed: isTimed, partitioning: partitioning,
                stateVersion: stateVersion))
        return id
    }

    /// Notes a mistake that is found while the definition is written down.
    public func fault(_ node: NodeID, _ message: String, at location: SourceLocation) {
        faults.append(
            GraphFault(
                operatorID: nodes[node.index].operatorID, message: message,
                location: location.description))
    }

    /// Notes a parameter that can't be used.
    ///
    /// - Parameters:
    ///   - parameter: the parameter's name, as it stands in the file.
    ///   - message: what is wrong, as `is 0; it is at least 1`.
    public func fault(
        parameter: String, _ message: String, file: StaticString = #fileID, line: UInt = #line
    ) {
        faults.append(
            GraphFault(
                operatorID: OperatorID(unchecked: "parameter \(parameter)"), message: message,
                location: SourceLocation(file, line).description))
    }

    /// Notes a parameter that can be used, and that whoever starts the pipeline is to be warned of.
    ///
    /// - Parameters:
    ///   - parameter: the parameter's name, as it stands in the file.
    ///   - message: what is to be known, as `is empty: …`.
    public func notice(parameter: String, _ message: String) {
        notices.append("parameter \(parameter) \(message)")
    }

    /// A time that a parameter gives in seconds; one that can't be used is a fault of the definition.
    ///
    /// - Parameters:
    ///   - value: seconds, at least `least` and at most ten years.
    ///   - parameter: the parameter's name, as it stands in the file.
    /// - Returns: the time; `least` or a millisecond in place of one that is at fault.
    public func seconds(
        _ value: Double, parameter: String, least: Double = 0, file: StaticString = #fileID,
        line: UInt = #line
    ) -> Duration {
        guard value >= least, value <= GraphBuilder.longestSeconds else {
            fault(
                parameter: parameter,
                "is \(value) seconds; it is at least \(least) and at most \(GraphBuilder.longestSeconds)",
                file: file, line: line)
            return .milliseconds(max(1, Int64(least * 1_000)))
        }
        return .seconds(value)
    }

    /// The longest time that a parameter may give, in seconds: ten years.
    private static let longestSeconds = 315_576_000.0

    /// The node of an id of this builder.
    public subscript(node: NodeID) -> GraphNode { nodes[node.index] }

    /// Notes how a sink's chain is built.
    public func sink(_ node: NodeID, build: @escaping (TaskBuilder) throws -> Void) {
        terminals.append(Terminal(node: node, role: .sink, build: build))
    }

    /// Notes how the writing half of a shuffle is built.
    public func exchangeWriter(_ keyBy: NodeID, build: @escaping (TaskBuilder) throws -> Void) {
        terminals.append(Terminal(node: keyBy, role: .exchangeWriter, build: build))
    }

    /// Notes how the records that a topic sink writes are read back, for stages that follow it.
    public func topicReader<Record>(_ sink: NodeID, _ read: TopicReader<Record>) {
        topicReaders[sink] = read
    }

    /// How the records of a topic sink are read back; nil when they were written as another type.
    public func topicReader<Record>(of sink: NodeID, as type: Record.Type) -> TopicReader<Record>? {
        topicReaders[sink] as? TopicReader<Record>
    }

    /// Builds the chain of one task.
    public func makeChain(stage: Stage, plan: Plan, context: TaskContext) throws -> TaskChain {
        let builder = TaskBuilder(plan: plan, stage: stage, context: context)
        for terminal in terminals {
            switch terminal.role {
            case .sink:
                if stage.handoffs.contains(terminal.node) || stage.sinks.contains(terminal.node) {
                    try terminal.build(builder)
                }
            case .exchangeWriter:
                if stage.exchanges.contains(terminal.node) { try terminal.build(builder) }
            }
        }
        if let failure = context.failure { throw failure }
        return TaskChain(inputs: builder.inputs, context: context)
    }
}

/// Reads one type of record from the bytes of a topic.
public struct TopicReader<Record> {
    /// Reads a record and its event time.
    public let read: (RecordView) throws(CodecError) -> Record

    /// Wraps a function.
    public init(_ read: @escaping (RecordView) throws(CodecError) -> Record) {
        self.read = read
    }
}

/// Where in the source an operator was named.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    /// The file, as `Module/File.swift`.
    public let file: String
    /// The line, from 1.
    public let line: Int

    /// Makes a location.
    public init(_ file: StaticString, _ line: UInt) {
        self.file = "\(file)"
        self.line = Int(line)
    }

    /// `File.swift:12`.
    public var description: String {
        "\(file.split(separator: "/").last.map(String.init) ?? file):\(line)"
    }
}
