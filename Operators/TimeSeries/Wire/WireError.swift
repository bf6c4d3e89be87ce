/// Why bytes from outside could not be read.
public enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A line of text is malformed; the line counts from 1.
    case malformedLine(line: Int, reason: String)
    /// A line is longer than allowed.
    case lineTooLong(line: Int, limit: Int)
    /// A page has more samples than allowed.
    case tooManySamples(limit: Int)
    /// A page in OpenMetrics lacks its end.
    case missingEnd
    /// The body could not be decompressed.
    case badCompression(String)
    /// The body is no message of its kind.
    case badMessage(String)

    /// One clause without payload.
    public var description: String {
        switch self {
        case .malformedLine(let line, let reason): "line \(line): \(reason)"
        case .lineTooLong(let line, let limit): "line \(line): longer than \(limit) bytes"
        case .tooManySamples(let limit): "more than \(limit) samples"
        case .missingEnd: "the page does not end with `# EOF`"
        case .badCompression(let reason): "could not decompress: \(reason)"
        case .badMessage(let reason): "could not decode: \(reason)"
        }
    }
}
