/// A description of a stream whose type is its chain of operators.
///
/// Fusing hands the sink that stands downstream to the operator, which wraps it in its own and hands
/// that on upstream, until a source takes the finished chain: no operator knows its consumer's type, yet
/// the compiler sees them all.
public protocol Flow {
    /// The records' type.
    associatedtype Out
    /// The operator that yields them.
    var node: NodeID { get }
    /// Builds this operator and everything upstream of it in front of `sink`.
    func fuse<S: Sink & ~Copyable>(into sink: consuming S, _ builder: TaskBuilder) throws
    where S.In == Out
}

extension Flow {
    /// Connects a consumer: directly, or through the outlet that the plan puts behind this operator.
    @inline(__always)
    public func join<S: Sink & ~Copyable>(_ sink: consuming S, _ builder: TaskBuilder) throws
    where S.In == Out {
        guard builder.stage.cuts.contains(node) else { return try fuse(into: sink, builder) }
        let outlet = builder.outlet(node, Out.self)
        let isFirst = outlet.consumers.isEmpty
        outlet.append(OutletConsumer(sink))
        // The segment upstream is built once, with the first consumer.
        if isFirst { try fuse(into: OutletSink(outlet), builder) }
    }
}
