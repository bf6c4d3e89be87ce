public import Dataflow
public import Records

extension Stream {
    /// Turns each record into another or into none.
    ///
    ///     events.compactMap("passed") { $0.traversal }
    public func compactMap<Output>(
        _ id: StaticString, file: StaticString = #fileID, line: UInt = #line,
        _ transform: @escaping (F.Out) -> Output?
    ) -> Stream<OperatorFlow<F, CompactMap<F.Out, Output>>> {
        apply(id, kind: "compactMap", at: SourceLocation(file, line)) { _, _ in
            CompactMap(transform: transform)
        }
    }
}

/// Turns each record into at most one other, with the same event time.
public struct CompactMap<In, Out>: StreamOperator {
    let transform: (In) -> Out?

    /// Passes the image of `value` on, if there is one.
    @inline(__always)
    public mutating func receive<S: Sink & ~Copyable>(
        _ value: In, at time: EventTime, into next: inout S
    ) where S.In == Out {
        if let output = transform(value) { next.receive(output, at: time) }
    }
}
