public import Dataflow
internal import Records
public import State

extension WindowedStream where E.Key: StreamKey {
    /// Sums the records of each key and window up.
    ///
    /// Where the key needs a shuffle, each task sums before it and the sums are merged behind it.
    ///
    /// - Parameters:
    ///   - id: the operator's name; its parts are `id.combine` and the window itself.
    ///   - type: the accumulator.
    ///   - version: raise it when the same accumulator takes on another meaning.
    public func aggregate<A: Accumulator>(
        _ id: StaticString, _ type: A.Type, version: UInt32 = 1,
        file: StaticString = #fileID, line: UInt = #line
    ) -> Stream<WindowFlow<F, E, A>> where A.Input == F.Out {
        let builder = keyed.builder
        let seconds = { (milliseconds: Int64) in "\(Double(milliseconds) / 1_000) s" }
        let node = builder.add(
            "\(id)", .transform("window"), upstreams: [keyed.node],
            output: Change<E.Key, A>.self,
            details: [
                "size": seconds(spec.sizeMilliseconds),
                "lateness": seconds(spec.latenessMilliseconds),
                "early": spec.earlyMilliseconds.map { "every " + seconds($0) } ?? "no",
            ], isTimed: builder[keyed.node].isTimed, stateVersion: version,
            at: SourceLocation(file, line))
        return Stream(builder, WindowFlow(self, node: node, version: version))
    }
}

/// A stream of windowed sums.
public struct WindowFlow<Up: Flow, E: KeyExtractor, A: Accumulator>: Flow
where E.Input == Up.Out, E.Key: StreamKey, A.Input == Up.Out {
    /// What windows say.
    public typealias Out = Change<E.Key, A>
    private let up: Up
    private let extractor: E
    private let spec: WindowSpec
    private let keyNode: NodeID
    private let lateNode: NodeID
    private let version: UInt32
    /// The aggregation's node.
    public let node: NodeID

    init(_ windows: WindowedStream<Up, E>, node: NodeID, version: UInt32) {
        up = windows.keyed.flow
        extractor = windows.keyed.extractor
        spec = windows.spec
        keyNode = windows.keyed.node
        lateNode = windows.lateNode
        self.version = version
        self.node = node
        let flow = self
        windows.keyed.builder.exchangeWriter(keyNode) { try flow.buildWriter($0) }
    }

    private func buildWriter(_ builder: TaskBuilder) throws {
        let sink = CombineSink<E, A>(
            id: builder.operatorID(node).part("combine"), spec: spec, extractor: extractor,
            context: builder.context, late: LateOutlet(lateNode, builder),
            writer: try ExchangeWriter(
                topic: builder.plan.exchangeTopic(keyNode), by: builder.operatorID(keyNode),
                builder.context))
        try up.join(sink, builder)
    }

    private func makeOperator(_ builder: TaskBuilder, late: NodeID) -> WindowOperator<E, A> {
        WindowOperator<E, A>(
            id: builder.operatorID(node), spec: spec, extractor: extractor,
            context: builder.context, late: LateOutlet(late, builder), stateVersion: version)
    }

    /// Builds the windows: behind the shuffle, or in place.
    public func fuse<S: Sink & ~Copyable>(into sink: consuming S, _ builder: TaskBuilder) throws
    where S.In == Out {
        let windows = OperatorSink(makeOperator(builder, late: lateNode), next: sink)
        guard builder.shuffles(keyNode) else { return try up.join(windows, builder) }
        let reader = ExchangeReader<E.Key, OperatorSink<WindowOperator<E, A>, S>>(
            id: builder.operatorID(keyNode), builder, next: windows)
        builder.addInput(
            StageInput(
                topic: builder.plan.exchangeTopic(keyNode), node: keyNode, carriesMarkers: true,
                into: reader,
                receive: { reader, batch in
                    reader.receive(batch, as: A.self) { key, time, partial, windows in
                        windows.withParts { op, _ in
                            op.merge(partial, key: key, windowStart: time.milliseconds)
                        }
                    }
                }))
    }
}
