public import Records

/// A stream behind an operator.
public struct OperatorFlow<Up: Flow, Op: StreamOperator & ~Copyable>: Flow where Op.In == Up.Out {
    /// What the operator yields.
    public typealias Out = Op.Out
    private let up: Up
    /// The operator's node.
    public let node: NodeID
    private let make: (OperatorID, TaskContext) throws -> Op

    /// Describes an operator.
    ///
    /// - Parameter make: makes the operator for one task, from its name and what the task shares.
    public init(_ up: Up, node: NodeID, make: @escaping (OperatorID, TaskContext) throws -> Op) {
        self.up = up
        self.node = node
        self.make = make
    }

    /// Puts the operator in front of `sink`.
    @inline(__always)
    public func fuse<S: Sink & ~Copyable>(into sink: consuming S, _ builder: TaskBuilder) throws
    where S.In == Out {
        try up.join(
            OperatorSink(
                try make(builder.operatorID(node), builder.context), next: sink), builder)
    }
}

extension Stream {
    /// Appends an operator: what every ready operator is made of.
    ///
    /// - Parameters:
    ///   - id: the operator's name, unique in the pipeline.
    ///   - kind: the word for it in plans.
    ///   - details: further facts for people.
    ///   - keepsPartitioning: whether records keep the property by which they are divided.
    ///   - isTimed: whether event time is watched behind it; as upstream, if nil.
    ///   - make: makes the operator for one task, from its name and what the task shares.
    public func apply<Op: StreamOperator & ~Copyable>(
        _ id: StaticString, kind: String, details: KeyValuePairs<String, String> = [:],
        keepsPartitioning: Bool = false, isTimed: Bool? = nil, stateVersion: UInt32 = 1,
        at location: SourceLocation, make: @escaping (OperatorID, TaskContext) throws -> Op
    ) -> Stream<OperatorFlow<F, Op>> where Op.In == F.Out {
        let upstream = node
        let id = builder.add(
            "\(id)", .transform(kind), upstreams: [flow.node], output: Op.Out.self,
            details: details, isTimed: isTimed ?? upstream.isTimed,
            partitioning: keepsPartitioning ? upstream.partitioning : nil,
            stateVersion: stateVersion, at: location)
        return Stream<OperatorFlow<F, Op>>(builder, OperatorFlow(flow, node: id, make: make))
    }
}
