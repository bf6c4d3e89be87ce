// The standard library's values as keys and parts of states. Fixed-width integers are written at
// their full width so that a key's length never depends on its value.

extension FixedWidthInteger {
    @inlinable
    public init(from reader: inout ByteReader) throws(CodecError) {
        self = try reader.integer(Self.self)
    }

    @inlinable
    public func encode(into writer: inout ByteWriter) {
        writer.integer(self)
    }
}

extension Int: BinaryCodable {}
extension Int64: BinaryCodable {}
extension Int32: BinaryCodable {}
extension UInt64: BinaryCodable {}
extension UInt32: BinaryCodable {}
extension UInt16: BinaryCodable {}
extension UInt8: BinaryCodable {}

extension Double: BinaryCodable {
    @inlinable
    public init(from reader: inout ByteReader) throws(CodecError) {
        self = try reader.double()
    }

    @inlinable
    public func encode(into writer: inout ByteWriter) {
        writer.double(self)
    }
}

extension Bool: BinaryCodable {
    @inlinable
    public init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.integer(UInt8.self) {
        case 0: self = false
        case 1: self = true
        default: throw .malformed("a truth value that is neither 0 nor 1")
        }
    }

    @inlinable
    public func encode(into writer: inout ByteWriter) {
        writer.integer(self ? 1 : 0 as UInt8)
    }
}

extension String: BinaryCodable {
    @inlinable
    public init(from reader: inout ByteReader) throws(CodecError) {
        self = try reader.string()
    }

    @inlinable
    public func encode(into writer: inout ByteWriter) {
        writer.string(self)
    }
}

extension EventTime: BinaryCodable {
    @inlinable
    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init(milliseconds: try reader.integer(Int64.self))
    }

    @inlinable
    public func encode(into writer: inout ByteWriter) {
        writer.integer(milliseconds)
    }
}

extension Optional: BinaryCodable where Wrapped: BinaryCodable {
    @inlinable
    public init(from reader: inout ByteReader) throws(CodecError) {
        self = try Bool(from: &reader) ? try Wrapped(from: &reader) : nil
    }

    @inlinable
    public func encode(into writer: inout ByteWriter) {
        (self != nil).encode(into: &writer)
        self?.encode(into: &writer)
    }
}

extension Array: BinaryCodable where Element: BinaryCodable {
    @inlinable
    public init(from reader: inout ByteReader) throws(CodecError) {
        let count = try reader.count()
        self = []
        reserveCapacity(count)
        for _ in 0..<count { append(try Element(from: &reader)) }
    }

    @inlinable
    public func encode(into writer: inout ByteWriter) {
        writer.varint(UInt64(count))
        for element in self { element.encode(into: &writer) }
    }
}
