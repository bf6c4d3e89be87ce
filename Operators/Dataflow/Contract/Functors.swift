// An operator takes a closure or, on a hot path, a value of one of these protocols: a struct's method is
// known where the chain is specialised and disappears into it, a closure stays a call.

/// Decides whether a record goes on.
public protocol Predicate<Input> {
    /// What is judged.
    associatedtype Input
    /// Whether `value` goes on.
    func matches(_ value: Input) -> Bool
}

/// Turns a record into another.
public protocol Mapping<Input, Output> {
    /// What comes in.
    associatedtype Input
    /// What goes out.
    associatedtype Output
    /// The record that takes the place of `value`.
    func map(_ value: Input) -> Output
}

/// Finds a record's key.
public protocol KeyExtractor<Input, Key> {
    /// What has a key.
    associatedtype Input
    /// The key's type.
    associatedtype Key
    /// The key of `value`.
    func key(of value: Input) -> Key
}

/// A predicate that calls a closure.
public struct ClosurePredicate<Input>: Predicate {
    @usableFromInline let body: (Input) -> Bool

    /// Wraps a closure.
    @inlinable
    public init(_ body: @escaping (Input) -> Bool) { self.body = body }

    /// Calls the closure.
    @inlinable
    public func matches(_ value: Input) -> Bool { body(value) }
}

/// A mapping that calls a closure.
public struct ClosureMapping<Input, Output>: Mapping {
    @usableFromInline let body: (Input) -> Output

    /// Wraps a closure.
    @inlinable
    public init(_ body: @escaping (Input) -> Output) { self.body = body }

    /// Calls the closure.
    @inlinable
    public func map(_ value: Input) -> Output { body(value) }
}

/// A key extractor that calls a closure.
public struct ClosureKey<Input, Key>: KeyExtractor {
    @usableFromInline let body: (Input) -> Key

    /// Wraps a closure.
    @inlinable
    public init(_ body: @escaping (Input) -> Key) { self.body = body }

    /// Calls the closure.
    @inlinable
    public func key(of value: Input) -> Key { body(value) }
}
