package import Records

/// Reads the fields of a message from a frame.
package struct FieldReader: FieldVisitor {
    package let version: Int16
    package let isFlexible: Bool
    var reader: ByteReader
    var elements = 0

    /// How many elements the lists of one message may have altogether, so that a small frame can't
    /// make the broker reserve much memory.
    static let maximumElements = 250_000

    init(_ reader: ByteReader, version: Int16, isFlexible: Bool) {
        self.reader = reader
        self.version = version
        self.isFlexible = isFlexible
    }

    /// Reads a message that must fill the rest of the frame, unless more is allowed.
    ///
    /// - Throws: ``CodecError`` when the bytes end inside the message, hold what its description
    ///   excludes, or go on behind it.
    package static func read<M: Message>(
        _ type: M.Type = M.self, version: Int16, from reader: ByteReader,
        mayHaveMore: Bool = false
    ) throws(CodecError) -> M {
        var fields = FieldReader(
            reader, version: version, isFlexible: version >= M.layout.flexible)
        var message = M()
        try message.visit(&fields)
        guard mayHaveMore || fields.reader.isAtEnd else {
            throw .trailingBytes(fields.reader.remaining)
        }
        return message
    }

    package mutating func integer<T: FixedWidthInteger>(_ value: inout T) throws(CodecError) {
        value = try reader.bigEndian(T.self)
    }

    package mutating func bool(_ value: inout Bool) throws(CodecError) {
        value = try reader.integer(UInt8.self) != 0
    }

    package mutating func uuid(_ value: inout TopicID) throws(CodecError) {
        value = TopicID(
            high: try reader.bigEndian(UInt64.self), low: try reader.bigEndian(UInt64.self))
    }

    /// A length or count, nil for null.
    mutating func length(_ width: LengthWidth) throws(CodecError) -> Int? {
        let length: Int
        if isFlexible {
            let raw = try reader.varint()
            guard raw <= UInt64(Int32.max) else { throw .malformed("a compact length") }
            length = Int(raw) - 1
        } else if width == .short {
            length = Int(try reader.bigEndian(Int16.self))
        } else {
            length = Int(try reader.bigEndian(Int32.self))
        }
        if length == -1 { return nil }
        guard length >= 0 else { throw .malformed("a negative length") }
        guard length <= reader.remaining else { throw .truncated }
        return length
    }

    enum LengthWidth { case short, long }

    mutating func text(_ length: Int) throws(CodecError) -> String {
        guard let text = String(validating: try reader.raw(length), as: UTF8.self) else {
            throw .malformed("a string that is not UTF-8")
        }
        return text
    }

    package mutating func string(_ value: inout String) throws(CodecError) {
        guard let length = try length(.short) else { throw .malformed("null for a string") }
        value = try text(length)
    }

    package mutating func nullableString(_ value: inout String?) throws(CodecError) {
        guard let length = try length(.short) else { return value = nil }
        value = try text(length)
    }

    package mutating func bytes(_ value: inout [UInt8]) throws(CodecError) {
        guard let length = try length(.long) else { throw .malformed("null for bytes") }
        value = [UInt8](try reader.raw(length))
    }

    package mutating func records(_ value: inout RecordsField) throws(CodecError) {
        guard let length = try length(.long) else { return value = .null }
        let start = reader.position
        _ = try reader.raw(length)
        value = .frame(start..<start + length)
    }

    mutating func elementCount() throws(CodecError) -> Int? {
        guard let count = try length(.long) else { return nil }
        elements += count
        guard elements <= FieldReader.maximumElements else {
            throw .malformed("more than \(FieldReader.maximumElements) elements")
        }
        return count
    }

    mutating func list<T: FieldValue>(_ count: Int) throws(CodecError) -> [T] {
        var list: [T] = []
        list.reserveCapacity(min(count, 1_024))
        for _ in 0..<count {
            var element = T()
            try element.visit(&self)
            list.append(element)
        }
        return list
    }

    package mutating func array<T: FieldValue>(_ value: inout [T]) throws(CodecError) {
        guard let count = try elementCount() else { throw .malformed("null for a list") }
        value = try list(count)
    }

    package mutating func nullableArray<T: FieldValue>(_ value: inout [T]?) throws(CodecError) {
        guard let count = try elementCount() else { return value = nil }
        value = try list(count)
    }

    package mutating func nullableGroup<T: FieldGroup>(_ value: inout T?) throws(CodecError) {
        switch try reader.integer(Int8.self) {
        case -1: value = nil
        case 1:
            var group = T()
            try group.visit(&self)
            value = group
        default: throw .malformed("the presence of a structure")
        }
    }

    /// Passes over tagged fields: every one that the protocol has so far may be ignored by a broker.
    package mutating func endOfGroup() throws(CodecError) {
        guard isFlexible else { return }
        let count = try reader.varint()
        guard count <= UInt64(reader.remaining) else { throw .truncated }
        for _ in 0..<count {
            _ = try reader.varint()
            _ = try reader.lengthPrefixed()
        }
    }
}
