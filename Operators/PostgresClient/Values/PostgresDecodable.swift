package import Records

/// A Swift value that a column in binary format can be read as.
package protocol PostgresDecodable {
    /// Reads a value; nil when the column's type is not one of those that fit or the bytes don't.
    init?(postgres bytes: UnsafeRawBufferPointer, type: PostgresType)
}

extension Int64: PostgresDecodable {
    /// Reads `smallint`, `integer`, `bigint` and `oid`.
    package init?(postgres bytes: UnsafeRawBufferPointer, type: PostgresType) {
        switch (type, bytes.count) {
        case (.bigint, 8):
            self = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        case (.integer, 4):
            self = Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
        case (.oid, 4):
            self = Int64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        case (.smallint, 2):
            self = Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
        default: return nil
        }
    }
}

extension Int32: PostgresDecodable {
    /// Reads `smallint` and `integer`.
    package init?(postgres bytes: UnsafeRawBufferPointer, type: PostgresType) {
        guard let value = Int64(postgres: bytes, type: type), let narrow = Int32(exactly: value)
        else { return nil }
        self = narrow
    }
}

extension Double: PostgresDecodable {
    /// Reads `double precision` and `real`.
    package init?(postgres bytes: UnsafeRawBufferPointer, type: PostgresType) {
        switch (type, bytes.count) {
        case (.double, 8):
            let bits = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
            self = Double(bitPattern: bits)
        case (.real, 4):
            let bits = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
            self = Double(Float(bitPattern: bits))
        default: return nil
        }
    }
}

extension Bool: PostgresDecodable {
    /// Reads `boolean`.
    package init?(postgres bytes: UnsafeRawBufferPointer, type: PostgresType) {
        guard type == .boolean, bytes.count == 1 else { return nil }
        self = bytes[0] != 0
    }
}

extension String: PostgresDecodable {
    /// Reads `text`, `varchar`, `char(n)`, `"char"`, `name` and `json`.
    package init?(postgres bytes: UnsafeRawBufferPointer, type: PostgresType) {
        let types: [PostgresType] = [.text, .varchar, .bpchar, .char, .name, .json]
        guard types.contains(type), let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        self = text
    }
}

extension EventTime: PostgresDecodable {
    /// Reads `timestamptz`, rounded down to a millisecond.
    package init?(postgres bytes: UnsafeRawBufferPointer, type: PostgresType) {
        guard type == .timestamptz, bytes.count == 8 else { return nil }
        self = PostgresTime.time(
            microseconds: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)))
    }
}
