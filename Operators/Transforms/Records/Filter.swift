public import Dataflow
public import Records

extension Stream {
    /// Lets through what a condition holds for.
    ///
    ///     locations.filter("plausible") { $0.isPlausible }
    public func filter(
        _ id: StaticString, file: StaticString = #fileID, line: UInt = #line,
        _ predicate: @escaping (F.Out) -> Bool
    ) -> Stream<OperatorFlow<F, Filter<ClosurePredicate<F.Out>>>> {
        filter(id, ClosurePredicate(predicate), file: file, line: line)
    }

    /// Lets through what a condition holds for; a functor is inlined whole.
    public func filter<P: Predicate>(
        _ id: StaticString, _ predicate: P, file: StaticString = #fileID, line: UInt = #line
    ) -> Stream<OperatorFlow<F, Filter<P>>> where P.Input == F.Out {
        apply(id, kind: "filter", keepsPartitioning: true, at: SourceLocation(file, line)) { _, _ in
            Filter(predicate: predicate)
        }
    }
}

/// Lets through the records for which a predicate holds.
public struct Filter<P: Predicate>: StreamOperator {
    /// What is judged.
    public typealias In = P.Input
    /// The same.
    public typealias Out = P.Input
    let predicate: P

    /// Passes `value` on if the predicate holds.
    @inline(__always)
    public mutating func receive<S: Sink & ~Copyable>(
        _ value: P.Input, at time: EventTime, into next: inout S
    ) where S.In == P.Input {
        if predicate.matches(value) { next.receive(value, at: time) }
    }
}
