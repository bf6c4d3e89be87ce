/// What a source yields: records, and what could not be read as one.
public struct SourceStreams<F: Flow> {
    /// The records.
    public let accepted: Stream<F>
    /// What was refused, with the reason; to be consumed, or the graph is refused.
    public let rejected: Stream<SideFlow<DeadLetter>>

    /// Joins the two outputs of a source.
    public init(accepted: Stream<F>, rejected: Stream<SideFlow<DeadLetter>>) {
        self.accepted = accepted
        self.rejected = rejected
    }
}

/// Where a stream begins, as a description.
public protocol SourceFactory {
    /// The records' type.
    associatedtype Out
    /// What it is, for the plan.
    var kind: GraphNode.Kind { get }
    /// The property by which its topic is divided; nil when unknown.
    var partitioning: Partitioning? { get }
    /// Puts the source in front of a finished chain.
    ///
    /// - Parameter rejected: takes what could not be read.
    func attach<S: Sink & ~Copyable>(
        _ node: NodeID, to sink: consuming S, rejected: OutletSink<DeadLetter>,
        _ builder: TaskBuilder) throws where S.In == Out
}

/// A stream that begins at a source.
public struct SourceFlow<Source: SourceFactory>: Flow {
    /// The records' type.
    public typealias Out = Source.Out
    let source: Source
    /// The source's node.
    public let node: NodeID
    let rejectedNode: NodeID

    /// Attaches the source to the finished chain.
    public func fuse<S: Sink & ~Copyable>(into sink: consuming S, _ builder: TaskBuilder) throws
    where S.In == Out {
        try source.attach(
            node, to: sink,
            rejected: OutletSink(builder.outlet(rejectedNode, DeadLetter.self)), builder)
    }
}

extension GraphBuilder {
    /// Begins a stream.
    ///
    ///     let locations = graph.source("locations", from: KafkaSource<LocationUpdate>("locations"))
    public func source<Source: SourceFactory>(
        _ id: StaticString, from source: Source, file: StaticString = #fileID, line: UInt = #line
    ) -> SourceStreams<SourceFlow<Source>> {
        let location = SourceLocation(file, line)
        let node = add(
            "\(id)", source.kind, output: Source.Out.self, isTimed: false,
            partitioning: source.partitioning, at: location)
        let rejected = add(
            "\(id).rejected", .sideOutput(of: node), upstreams: [node], output: DeadLetter.self,
            isTimed: false, at: location)
        return SourceStreams(
            accepted: Stream(
                self, SourceFlow(source: source, node: node, rejectedNode: rejected)),
            rejected: Stream(self, SideFlow(node: rejected)))
    }
}
