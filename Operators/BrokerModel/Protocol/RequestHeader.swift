package import Records

/// What stands before every request.
package struct RequestHeader: Hashable, Sendable {
    /// The number of the API, which the broker need not know.
    package var apiKey: Int16
    /// The version of the API.
    package var version: Int16
    /// Comes back in the response.
    package var correlationID: Int32
    /// What the client calls itself.
    package var clientID: String?

    package init(apiKey: Int16, version: Int16, correlationID: Int32, clientID: String?) {
        self.apiKey = apiKey
        self.version = version
        self.correlationID = correlationID
        self.clientID = clientID
    }

    /// Reads the part that all versions share, and no more.
    package init(start reader: inout ByteReader) throws(CodecError) {
        apiKey = try reader.bigEndian()
        version = try reader.bigEndian()
        correlationID = try reader.bigEndian()
    }

    /// Reads the client's name, and the tagged fields of a flexible header.
    ///
    /// The name keeps its two-byte length in flexible versions, too (KIP-482).
    package mutating func readRest(
        _ reader: inout ByteReader, isFlexible: Bool
    ) throws(CodecError) {
        var fields = FieldReader(reader, version: 1, isFlexible: false)
        try fields.nullableString(&clientID)
        if isFlexible {
            fields = FieldReader(fields.reader, version: 2, isFlexible: true)
            try fields.endOfGroup()
        }
        reader = fields.reader
    }

    /// Writes the header as a client does.
    package func write(isFlexible: Bool) -> ByteWriter {
        var writer = ByteWriter(capacity: 64)
        writer.bigEndian(apiKey)
        writer.bigEndian(version)
        writer.bigEndian(correlationID)
        if let clientID {
            writer.bigEndian(Int16(clamping: clientID.utf8.count))
            writer.raw(Array(clientID.utf8.prefix(Int(Int16.max))))
        } else {
            writer.bigEndian(-1 as Int16)
        }
        if isFlexible { writer.varint(0) }
        return writer
    }
}
