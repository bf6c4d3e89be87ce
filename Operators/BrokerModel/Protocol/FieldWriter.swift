package import Records

/// Writes the fields of a message behind what a frame already holds.
package struct FieldWriter: FieldVisitor {
    package let version: Int16
    package let isFlexible: Bool
    /// The bytes so far.
    package private(set) var writer: ByteWriter
    /// Where bytes that the transport holds belong: behind how many written bytes, and how many.
    package private(set) var insertions: [(position: Int, count: Int)] = []

    package init(_ writer: ByteWriter, version: Int16, isFlexible: Bool) {
        self.writer = writer
        self.version = version
        self.isFlexible = isFlexible
    }

    /// Writes a message behind what `writer` holds.
    package static func write<M: Message>(
        _ message: M, version: Int16, behind writer: ByteWriter = ByteWriter()
    ) -> FieldWriter {
        var fields = FieldWriter(
            writer, version: version, isFlexible: version >= M.layout.flexible)
        var message = message
        // Writing has nothing to refuse; a null where the version has none becomes empty.
        try? message.visit(&fields)
        return fields
    }

    package mutating func integer<T: FixedWidthInteger>(_ value: inout T) throws(CodecError) {
        append(value)
    }

    mutating func append<T: FixedWidthInteger>(_ value: T) {
        writer.bigEndian(value)
    }

    package mutating func bool(_ value: inout Bool) throws(CodecError) {
        writer.integer(value ? 1 : 0 as UInt8)
    }

    package mutating func uuid(_ value: inout TopicID) throws(CodecError) {
        writer.bigEndian(value.high)
        writer.bigEndian(value.low)
    }

    private mutating func shortLength(_ count: Int?) {
        if isFlexible {
            writer.varint(UInt64((count ?? -1) + 1))
        } else {
            writer.bigEndian(Int16(clamping: count ?? -1))
        }
    }

    private mutating func longLength(_ count: Int?) {
        if isFlexible {
            writer.varint(UInt64((count ?? -1) + 1))
        } else {
            writer.bigEndian(Int32(clamping: count ?? -1))
        }
    }

    package mutating func string(_ value: inout String) throws(CodecError) {
        // A longer string could not be announced in the fixed form, so both forms end here.
        value.withUTF8 { utf8 in
            let text = UnsafeRawBufferPointer(
                UnsafeBufferPointer(rebasing: utf8.prefix(Int(Int16.max))))
            shortLength(text.count)
            writer.raw(text)
        }
    }

    package mutating func nullableString(_ value: inout String?) throws(CodecError) {
        guard var text = value else { return shortLength(nil) }
        try string(&text)
    }

    package mutating func bytes(_ value: inout [UInt8]) throws(CodecError) {
        longLength(value.count)
        writer.raw(value)
    }

    package mutating func records(_ value: inout RecordsField) throws(CodecError) {
        switch value {
        case .null: longLength(nil)
        case .bytes(let bytes):
            longLength(bytes.count)
            writer.raw(bytes)
        case .external(let count):
            longLength(count)
            insertions.append((writer.count, count))
        case .frame(let range):
            longLength(range.count)
            insertions.append((writer.count, range.count))
        }
    }

    package mutating func array<T: FieldValue>(_ value: inout [T]) throws(CodecError) {
        longLength(value.count)
        for index in value.indices { try value[index].visit(&self) }
    }

    package mutating func nullableArray<T: FieldValue>(_ value: inout [T]?) throws(CodecError) {
        guard var list = value else { return longLength(nil) }
        value = nil
        try array(&list)
    }

    package mutating func nullableGroup<T: FieldGroup>(_ value: inout T?) throws(CodecError) {
        guard var group = value else { return writer.integer(-1 as Int8) }
        writer.integer(1 as Int8)
        try group.visit(&self)
    }

    package mutating func endOfGroup() throws(CodecError) {
        if isFlexible { writer.varint(0) }
    }
}
