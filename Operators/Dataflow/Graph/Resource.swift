internal import Records
internal import Synchronization

/// A value that operators share: loaded once a process, never changed, safe to read from everywhere.
public struct Resource<Value: Sendable> {
    /// The resource's name, unique in the pipeline.
    public let name: String
    let load: () throws -> Value
    let fingerprint: ((Value) -> UInt64)?

    /// The value; the first call in a process loads it.
    public func get() throws -> Value { try load() }

    /// The name and, for a resource whose content gives state its meaning, the checksum of that content: a part
    /// of the fingerprint of whoever keeps such state.
    public func mark() throws -> String {
        guard let fingerprint else { return name }
        return "\(name) \(String(fingerprint(try load()), radix: 16))"
    }
}

/// Holds the resources of a process, each loaded by whoever needs it first.
public final class ResourceCache: Sendable {
    private let values = Mutex<[String: any Sendable]>([:])

    /// Makes an empty cache.
    public init() {}

    /// Puts a value in place that was loaded elsewhere.
    public func provide<Value: Sendable>(_ name: String, _ value: Value) {
        values.withLock { $0[name] = value }
    }

    /// The value of a name; loaded while others wait when it isn't there yet.
    func value<Value: Sendable>(_ name: String, load: () throws -> Value) throws -> Value {
        try values.withLock { values in
            if let value = values[name] {
                if let value = value as? Value { return value }
                throw DataflowError(
                    .invalidDefinition, domain: .user,
                    "two resources of different types are named \(name)")
            }
            let value = try load()
            values[name] = value
            return value
        }
    }
}

extension GraphBuilder {
    /// Declares a value that operators share, such as a map.
    ///
    /// - Parameters:
    ///   - name: unique in the pipeline.
    ///   - fingerprint: the checksum of a value by which state is to be understood, as the numbers of a map's
    ///     segments are: state that was kept under another one is not restored.
    ///   - load: called once a process, before the first task that uses the resource starts.
    public func resource<Value: Sendable>(
        _ name: StaticString, fingerprint: ((Value) -> UInt64)? = nil,
        _ load: @escaping @Sendable () throws -> Value
    ) -> Resource<Value> {
        let cache = resources
        return Resource(
            name: "\(name)", load: { try cache.value("\(name)", load: load) },
            fingerprint: fingerprint)
    }
}
