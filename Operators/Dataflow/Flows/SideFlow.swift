/// A second output of an operator: the operator feeds its outlet, consumers hang on it.
public struct SideFlow<Out>: Flow {
    /// The side output's own node.
    public let node: NodeID

    /// Describes the side output that `node` stands for.
    public init(node: NodeID) { self.node = node }

    /// Adds a consumer; the operator that feeds the outlet is built with its main output.
    public func fuse<S: Sink & ~Copyable>(into sink: consuming S, _ builder: TaskBuilder) throws
    where S.In == Out {
        builder.outlet(node, Out.self).append(OutletConsumer(sink))
    }
}
