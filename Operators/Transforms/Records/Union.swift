public import Dataflow

extension Stream {
    /// Joins two streams of one type into one; event time behind it is the lesser of theirs.
    public func union<Other: Flow>(
        _ id: StaticString, with other: Stream<Other>, file: StaticString = #fileID,
        line: UInt = #line
    ) -> Stream<UnionFlow<F, Other>> where Other.Out == F.Out {
        let (left, right) = (node, other.node)
        let node = builder.add(
            "\(id)", .union, upstreams: [flow.node, other.flow.node], output: F.Out.self,
            isTimed: left.isTimed && right.isTimed,
            partitioning: left.partitioning == right.partitioning ? left.partitioning : nil,
            at: SourceLocation(file, line))
        return Stream<UnionFlow<F, Other>>(
            builder, UnionFlow(left: flow, right: other.flow, node: node))
    }
}

/// Two streams as one: both feed the outlet that the plan puts here.
public struct UnionFlow<Left: Flow, Right: Flow>: Flow where Left.Out == Right.Out {
    /// The streams' type.
    public typealias Out = Left.Out
    let left: Left
    let right: Right
    /// The union's node.
    public let node: NodeID

    /// Builds both streams; `sink` is the first feeder of the union's outlet.
    public func fuse<S: Sink & ~Copyable>(into sink: consuming S, _ builder: TaskBuilder) throws
    where S.In == Out {
        let second = OutletSink(builder.outlet(node, Out.self))
        try left.join(sink, builder)
        try right.join(second, builder)
    }
}
