public import Dataflow
public import Records

extension Stream {
    /// Turns each record into none, one or several.
    ///
    ///     lines.flatMap("words") { line in line.split(separator: " ").map(String.init) }
    public func flatMap<Output: Sequence>(
        _ id: StaticString, file: StaticString = #fileID, line: UInt = #line,
        _ transform: @escaping (F.Out) -> Output
    ) -> Stream<OperatorFlow<F, FlatMap<F.Out, Output>>> {
        apply(id, kind: "flatMap", at: SourceLocation(file, line)) { _, _ in
            FlatMap(transform: transform)
        }
    }
}

/// Turns each record into a sequence of others, with the same event time.
public struct FlatMap<In, Output: Sequence>: StreamOperator {
    /// The images' elements.
    public typealias Out = Output.Element
    let transform: (In) -> Output

    /// Passes each element of the image of `value` on.
    @inline(__always)
    public mutating func receive<S: Sink & ~Copyable>(
        _ value: In, at time: EventTime, into next: inout S
    ) where S.In == Output.Element {
        for element in transform(value) { next.receive(element, at: time) }
    }
}
