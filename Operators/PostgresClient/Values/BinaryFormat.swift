internal import Glibc
internal import Records
internal import State

/// PostgreSQL's binary forms of column values, as COPY and arrays hold them: a length of four bytes,
/// big-endian, -1 for NULL, and the value.
enum BinaryFormat {
    /// Why a value can't be written.
    enum Unfit: Error {
        /// The value is not of the column's type.
        case type
        /// A text holds a NUL character.
        case nul
        /// The time is outside of what PostgreSQL can store.
        case time
        /// The value is longer than a field may be.
        case length
        /// A column of the key is NULL.
        case nullKey
    }

    /// The longest text or `bytea`, in bytes: PostgreSQL's own bound of one field.
    static let maximumFieldBytes = (1 << 30) - 1

    /// Appends a value with its length.
    @inline(__always)
    static func write(
        _ value: TableValue, as type: ColumnType, into writer: inout ByteWriter
    ) throws(Unfit) {
        switch (value, type) {
        case (.null, _):
            writer.bigEndian(-1 as Int32)
        case (.integer(let number), .integer):
            writer.bigEndian(8 as Int32)
            writer.bigEndian(number)
        case (.double(let number), .double):
            writer.bigEndian(8 as Int32)
            writer.bigEndian(number.bitPattern)
        case (.boolean(let flag), .boolean):
            writer.bigEndian(1 as Int32)
            writer.integer(flag ? 1 : 0 as UInt8)
        case (.time(let time), .time):
            guard let microseconds = PostgresTime.microseconds(time) else { throw .time }
            writer.bigEndian(8 as Int32)
            writer.bigEndian(microseconds)
        case (.text(let text), .text):
            guard text.utf8.count <= maximumFieldBytes else { throw .length }
            writer.bigEndian(Int32(truncatingIfNeeded: text.utf8.count))
            guard writeText(text, into: &writer) else { throw .nul }
        case (.bytes(let bytes), .bytes):
            guard bytes.count <= maximumFieldBytes else { throw .length }
            writer.bigEndian(Int32(truncatingIfNeeded: bytes.count))
            writer.raw(bytes)
        default:
            throw .type
        }
    }

    /// Appends a text's UTF-8; false, with nothing of use written, when it holds a NUL character.
    @inline(__always)
    static func writeText(_ text: String, into writer: inout ByteWriter) -> Bool {
        var text = text
        return text.withUTF8 { utf8 in
            if let base = utf8.baseAddress, memchr(base, 0, utf8.count) != nil { return false }
            writer.raw(UnsafeRawBufferPointer(utf8))
            return true
        }
    }
}

extension BinaryFormat.Unfit {
    /// What to say of a column that holds such a value.
    func clause(_ type: ColumnType) -> String {
        switch self {
        case .type: "takes \(type.sqlName), the row has another type"
        case .nul: "holds a text with a NUL character, which PostgreSQL can't store"
        case .time: "holds a time outside of 4714-11-24 BC to 294276-12-31"
        case .nullKey: "belongs to the key and is NULL"
        case .length: "holds more than \(BinaryFormat.maximumFieldBytes) bytes"
        }
    }
}
