public import Dataflow

extension Stream {
    /// Divides a stream in two: what a condition holds for, and the rest.
    ///
    /// Both branches are consumed, or the graph is refused; to drop one, use `filter`.
    ///
    /// - Parameter id: the branches are named `id.matching` and `id.rest`.
    public func branch(
        _ id: StaticString, file: StaticString = #fileID, line: UInt = #line,
        _ predicate: @escaping (F.Out) -> Bool
    ) -> Branches<F> {
        Branches(
            matching: branch("\(id).matching", file, line) { predicate($0) },
            rest: branch("\(id).rest", file, line) { !predicate($0) })
    }

    private func branch(
        _ id: String, _ file: StaticString, _ line: UInt,
        _ predicate: @escaping (F.Out) -> Bool
    ) -> Stream<OperatorFlow<F, Filter<ClosurePredicate<F.Out>>>> {
        let upstream = node
        let node = builder.add(
            id, .transform("branch"), upstreams: [flow.node], output: F.Out.self,
            isTimed: upstream.isTimed, partitioning: upstream.partitioning,
            at: SourceLocation(file, line))
        return Stream<OperatorFlow<F, Filter<ClosurePredicate<F.Out>>>>(
            builder,
            OperatorFlow(flow, node: node) { _, _ in Filter(predicate: ClosurePredicate(predicate))
            })
    }
}

/// The two streams into which ``Dataflow/Stream/branch(_:file:line:_:)`` divides one.
public struct Branches<F: Flow> {
    /// What the condition holds for.
    public let matching: Stream<OperatorFlow<F, Filter<ClosurePredicate<F.Out>>>>
    /// Everything else.
    public let rest: Stream<OperatorFlow<F, Filter<ClosurePredicate<F.Out>>>>
}
