/// Why bytes could not be decoded.
public enum CodecError: Error, Hashable, Sendable {
    /// The bytes end inside a value.
    case truncated
    /// A value has a form that the codec does not allow; the text says which and holds no payload.
    case malformed(String)
    /// The bytes were written by a version of the codec that this program does not read.
    case unsupportedVersion(UInt64)
    /// The checksum does not match the bytes.
    case checksumMismatch
    /// Bytes are left over behind the value.
    case trailingBytes(Int)
}

extension CodecError: CustomStringConvertible {
    /// One clause, fit to stand after "could not decode: ".
    public var description: String {
        switch self {
        case .truncated: "the bytes end inside a value"
        case .malformed(let what): "malformed: \(what)"
        case .unsupportedVersion(let version): "written by version \(version), which is not known"
        case .checksumMismatch: "the checksum does not match"
        case .trailingBytes(let count): "\(count) bytes are left over"
        }
    }
}
