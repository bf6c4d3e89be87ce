/// A named note beside a record.
public struct RecordHeader: Hashable, Sendable {
    /// The header's name.
    public var name: String
    /// Its bytes.
    public var value: [UInt8]

    /// Makes a header from bytes.
    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// Makes a header from text.
    public init(_ name: String, _ text: String) {
        self.init(name: name, value: Array(text.utf8))
    }
}
