public import Dataflow
public import State

extension Stream {
    /// Divides the stream by a property.
    ///
    /// The property by which the stream's topic is divided already needs no shuffle; any other one cuts
    /// the pipeline into two stages with a topic between them.
    public func keyBy<Key: StreamKey>(
        _ id: StaticString, _ path: KeyPath<F.Out, Key>, file: StaticString = #fileID,
        line: UInt = #line
    ) -> KeyedStream<F, PropertyKey<F.Out, Key>> {
        keyed(id, PropertyKey(path), partitioning: Partitioning(path), SourceLocation(file, line))
    }

    /// Divides the stream by what a closure finds; always a shuffle.
    public func keyBy<Key: StreamKey>(
        _ id: StaticString, file: StaticString = #fileID, line: UInt = #line,
        _ key: @escaping (F.Out) -> Key
    ) -> KeyedStream<F, ClosureKey<F.Out, Key>> {
        keyed(id, ClosureKey(key), partitioning: nil, SourceLocation(file, line))
    }

    /// Divides the stream by what a functor finds, which is inlined whole.
    ///
    /// - Parameter property: the property that the functor reads, if it is one: a stream that is divided by
    ///   it already needs no shuffle.
    public func keyBy<E: KeyExtractor>(
        _ id: StaticString, _ extractor: E, property: PartialKeyPath<F.Out>? = nil,
        file: StaticString = #fileID, line: UInt = #line
    ) -> KeyedStream<F, E> where E.Input == F.Out, E.Key: StreamKey {
        keyed(
            id, extractor, partitioning: property.map(Partitioning.init),
            SourceLocation(file, line))
    }

    private func keyed<E: KeyExtractor>(
        _ id: StaticString, _ extractor: E, partitioning: Partitioning?, _ location: SourceLocation
    ) -> KeyedStream<F, E> where E.Input == F.Out {
        let upstream = node
        let node = builder.add(
            "\(id)", .keyBy, upstreams: [flow.node], output: F.Out.self,
            details: ["key": String(describing: E.Key.self)], isTimed: upstream.isTimed,
            partitioning: partitioning, at: location)
        return KeyedStream(builder, flow, extractor: extractor, node: node)
    }
}

/// Finds the key in a property.
///
/// A stored property is read at its place in memory; a key path that computes is called.
public struct PropertyKey<Input, Key>: KeyExtractor {
    private let path: KeyPath<Input, Key>
    private let offset: Int?

    /// Reads `path`.
    public init(_ path: KeyPath<Input, Key>) {
        self.path = path
        offset = MemoryLayout<Input>.offset(of: path)
    }

    /// The property's value.
    @inline(__always)
    public func key(of value: Input) -> Key {
        guard let offset else { return value[keyPath: path] }
        return withUnsafeBytes(of: value) { bytes in
            // The offset is that of a stored property of type Key inside a whole, initialised Input.
            bytes.baseAddress.map {
                ($0 + offset).assumingMemoryBound(to: Key.self).pointee
            } ?? value[keyPath: path]
        }
    }
}
