package import Records

/// The parameters of one statement in PostgreSQL's binary format, all in one buffer.
package struct PostgresParameters {
    /// The most bytes that the parameters of one statement may take; PostgreSQL itself stops at 1 GiB.
    package static let maximumBytes = 256 << 20

    struct Entry {
        var type: PostgresType
        /// Where the value lies in the buffer; nil for NULL.
        var range: Range<Int>?
    }

    var buffer: ByteWriter
    private(set) var entries: [Entry] = []

    /// Starts without parameters, with room for `capacity` bytes.
    package init(capacity: Int = 0) {
        buffer = ByteWriter(capacity: capacity + 1)
        // So that an empty value has an address: a null pointer would be NULL.
        buffer.integer(UInt8(0))
    }

    /// Encodes the values in their order.
    ///
    /// - Throws: ``PostgresError`` of condition `.unfitValue`, naming the parameter.
    package init(_ parameters: [PostgresParameter]) throws(PostgresError) {
        self.init(capacity: parameters.count * 16)
        for parameter in parameters { try append(parameter) }
    }

    /// How many parameters there are.
    package var count: Int { entries.count }

    /// Adds NULL.
    package mutating func appendNull(_ type: PostgresType) {
        entries.append(Entry(type: type, range: nil))
    }

    /// Adds a value whose binary form `write` appends to the buffer.
    package mutating func append(
        _ type: PostgresType, _ write: (inout ByteWriter) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        let start = buffer.count
        try write(&buffer)
        guard buffer.count <= PostgresParameters.maximumBytes else {
            throw PostgresError(
                .limit,
                "the parameters of a statement take more than \(PostgresParameters.maximumBytes) bytes"
            )
        }
        entries.append(Entry(type: type, range: start..<buffer.count))
    }

    /// Adds a one-dimensional array of `count` elements; `write` appends element by element, each
    /// with its length in front (-1 for NULL).
    package mutating func appendArray(
        of element: PostgresType, count: Int, hasNulls: Bool = true,
        _ write: (inout ByteWriter) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        guard let array = element.array, let count = Int32(exactly: count) else {
            throw PostgresError(.misuse, "no array of this type can be sent")
        }
        try append(array) { (writer) throws(PostgresError) in
            writer.bigEndian(count == 0 ? 0 : 1 as Int32)
            writer.bigEndian(hasNulls ? 1 : 0 as Int32)
            writer.bigEndian(element.rawValue)
            if count > 0 {
                writer.bigEndian(count)
                writer.bigEndian(1 as Int32)
            }
            try write(&writer)
        }
    }

    /// Adds a value.
    package mutating func append(_ parameter: PostgresParameter) throws(PostgresError) {
        let index = count + 1
        switch parameter {
        case .null(let type): appendNull(type)
        case .boolean(let value):
            try append(.boolean) { (w) throws(PostgresError) in w.integer(value ? 1 : 0 as UInt8) }
        case .int32(let value):
            try append(.integer) { (w) throws(PostgresError) in w.bigEndian(value) }
        case .integer(let value):
            try append(.bigint) { (w) throws(PostgresError) in w.bigEndian(value) }
        case .double(let value):
            try append(.double) { (w) throws(PostgresError) in w.bigEndian(value.bitPattern) }
        case .text(let value):
            try append(.text) { (w) throws(PostgresError) in try writeText(value, index, &w) }
        case .bytes(let value):
            try append(.bytea) { (w) throws(PostgresError) in w.raw(value) }
        case .time(let value):
            guard let microseconds = PostgresTime.microseconds(value) else {
                throw PostgresError(
                    .unfitValue, "parameter \(index) is a time that PostgreSQL can't store")
            }
            try append(.timestamptz) { (w) throws(PostgresError) in w.bigEndian(microseconds) }
        case .integers(let values):
            try appendArray(of: .bigint, count: values.count, hasNulls: false) {
                (w) throws(PostgresError) in
                for value in values { w.bigEndian(8 as Int32); w.bigEndian(value) }
            }
        case .int32s(let values):
            try appendArray(of: .integer, count: values.count, hasNulls: false) {
                (w) throws(PostgresError) in
                for value in values { w.bigEndian(4 as Int32); w.bigEndian(value) }
            }
        case .texts(let values):
            try appendArray(of: .text, count: values.count, hasNulls: false) {
                (w) throws(PostgresError) in
                for value in values {
                    guard let length = Int32(exactly: value.utf8.count) else {
                        throw PostgresError(.limit, "parameter \(index) holds a text over 2 GiB")
                    }
                    w.bigEndian(length)
                    try writeText(value, index, &w)
                }
            }
        }
    }

}

private func writeText(
    _ value: String, _ index: Int, _ writer: inout ByteWriter
) throws(PostgresError) {
    guard BinaryFormat.writeText(value, into: &writer) else {
        throw PostgresError(.unfitValue, "parameter \(index) holds a NUL character")
    }
}
