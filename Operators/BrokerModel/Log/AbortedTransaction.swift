package import Records

/// A transaction whose records a reader of committed records leaves out.
package struct AbortedTransaction: Hashable, Sendable {
    package var producerID: Int64
    /// The offset of its first batch in the partition.
    package var firstOffset: Int64
    /// The offset of the abort marker.
    package var lastOffset: Int64

    package init(producerID: Int64, firstOffset: Int64, lastOffset: Int64) {
        self.producerID = producerID
        self.firstOffset = firstOffset
        self.lastOffset = lastOffset
    }
}

extension AbortedTransaction: BinaryCodable {
    package init(from reader: inout ByteReader) throws(CodecError) {
        producerID = try reader.integer()
        firstOffset = try reader.integer()
        lastOffset = try reader.integer()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.integer(producerID)
        writer.integer(firstOffset)
        writer.integer(lastOffset)
    }
}
