/// A stream's end as a description: the driver injects the client behind it, so that the same graph runs in
/// a harness without one.
public protocol SinkFactory {
    /// What the sink takes.
    associatedtype In
    /// The sink that stands at the end of a task's chain.
    associatedtype Terminal: Sink where Terminal.In == In
    /// What it is, for the plan.
    var kind: GraphNode.Kind { get }
    /// Makes the end of one task's chain.
    func make(_ node: NodeID, _ builder: TaskBuilder) throws -> Terminal
}

extension Stream {
    /// Ends the stream.
    ///
    ///     speeds.sink("traffic-updates", to: KafkaSink("traffic-updates"))
    public func sink<K: SinkFactory>(
        _ id: StaticString, to factory: K, file: StaticString = #fileID, line: UInt = #line
    ) where K.In == F.Out {
        let node = addSink(id, factory.kind, SourceLocation(file, line))
        let flow = flow
        builder.sink(node) { try flow.join(try factory.make(node, $0), $0) }
    }

    /// Notes a sink in the graph; how it is built is the caller's to note.
    public func addSink(
        _ id: StaticString, _ kind: GraphNode.Kind, _ location: SourceLocation
    ) -> NodeID {
        builder.add(
            "\(id)", kind, upstreams: [flow.node], output: F.Out.self, isTimed: node.isTimed,
            at: location)
    }
}
