internal import Records
internal import SwiftProtobuf

extension SwiftProtobuf.Message {
    /// Reads a message that fills a record's value.
    static func reading(_ value: UnsafeRawBufferPointer?) throws(CodecError) -> Self {
        guard let value else { throw .malformed("a record without a value") }
        do {
            return try Self(serializedBytes: Array(value))
        } catch {
            throw .malformed("not a \(Self.protoMessageName) message")
        }
    }

    /// Appends the message; false, as for a tombstone, if it can't be written, which no value that we set
    /// can cause.
    func write(into writer: inout ByteWriter) -> Bool {
        guard let bytes: [UInt8] = try? serializedBytes() else { return false }
        writer.raw(bytes)
        return true
    }
}
