public import Dataflow
public import Records

extension Stream {
    /// Turns each record into another.
    ///
    ///     lines.map("length") { $0.count }
    public func map<Output>(
        _ id: StaticString, file: StaticString = #fileID, line: UInt = #line,
        _ transform: @escaping (F.Out) -> Output
    ) -> Stream<OperatorFlow<F, Map<ClosureMapping<F.Out, Output>>>> {
        map(id, ClosureMapping(transform), file: file, line: line)
    }

    /// Turns each record into another; a functor is inlined whole.
    public func map<M: Mapping>(
        _ id: StaticString, _ mapping: M, file: StaticString = #fileID, line: UInt = #line
    ) -> Stream<OperatorFlow<F, Map<M>>> where M.Input == F.Out {
        apply(id, kind: "map", at: SourceLocation(file, line)) { _, _ in Map(mapping: mapping) }
    }
}

/// Turns each record into another.
public struct Map<M: Mapping>: StreamOperator {
    /// What is mapped.
    public typealias In = M.Input
    /// Its image.
    public typealias Out = M.Output
    let mapping: M

    /// Passes the image of `value` on.
    @inline(__always)
    public mutating func receive<S: Sink & ~Copyable>(
        _ value: M.Input, at time: EventTime, into next: inout S
    ) where S.In == M.Output {
        next.receive(mapping.map(value), at: time)
    }
}
