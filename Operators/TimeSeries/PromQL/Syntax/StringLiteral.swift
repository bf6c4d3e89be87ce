/// A text in an expression.
public struct StringLiteral: Sendable {
    /// What the literal stands for, which need not be UTF-8.
    public var bytes: [UInt8]
    /// Where it stands.
    public var range: SourceRange

    /// The text, with what is not UTF-8 replaced.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
    /// Whether the bytes are UTF-8.
    public var isValid: Bool { String(validating: bytes, as: UTF8.self) != nil }
}
