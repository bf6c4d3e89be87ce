/// A value with a compact binary form: keys, accumulators and states between checkpoints.
///
/// The form is the type's own business; whoever changes it raises ``codecVersion``, which is part of
/// the fingerprint by which a checkpoint is recognised.
public protocol BinaryCodable {
    /// Raised whenever the bytes change their meaning.
    static var codecVersion: UInt32 { get }
    /// Reads the value, leaving the reader just behind it.
    init(from reader: inout ByteReader) throws(CodecError)
    /// Writes the value.
    func encode(into writer: inout ByteWriter)
}

extension BinaryCodable {
    /// The first version.
    public static var codecVersion: UInt32 { 1 }

    /// The value's bytes alone.
    public var encoded: [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }

    /// Reads a value that must fill `bytes` to the end.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(CodecError) {
        var reader = ByteReader(bytes)
        try self.init(from: &reader)
        guard reader.isAtEnd else { throw .trailingBytes(reader.remaining) }
    }

    /// Reads a value that must fill `bytes` to the end.
    public init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(CodecError) in
            try Self(decoding: UnsafeRawBufferPointer(buffer))
        }
    }
}
