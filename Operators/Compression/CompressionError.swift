/// Why bytes could not be compressed or decompressed.
public enum CompressionError: Error, Hashable, Sendable {
    /// The bytes are not of the form; the text names the form and what its library said.
    case malformed(String)
    /// The bytes would grow past the caller's limit.
    case tooLarge(limit: Int)
    /// The library failed for a reason of its own.
    case failed(String)
}
