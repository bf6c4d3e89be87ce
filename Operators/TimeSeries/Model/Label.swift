/// One name and its value.
public struct Label: Hashable, Sendable {
    /// The name, never empty.
    public let name: String
    /// The value; an empty one means the same as no label and is never stored.
    public let value: String

    /// Pairs a name with a value.
    @inlinable
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
