/// A value with the key by which its stream is divided.
public struct Keyed<Key, Value> {
    /// The key.
    public var key: Key
    /// The value.
    public var value: Value

    /// Joins a key and a value.
    @inlinable
    public init(key: Key, value: Value) {
        self.key = key
        self.value = value
    }
}
