package import Records

/// The 128-bit identity of a topic: a topic that is deleted and made anew gets another (KIP-516).
package struct TopicID: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    /// No topic.
    package static let zero = TopicID()

    package init() {
        high = 0
        low = 0
    }

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

extension TopicID: BinaryCodable {
    package init(from reader: inout ByteReader) throws(CodecError) {
        high = try reader.integer()
        low = try reader.integer()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.integer(high)
        writer.integer(low)
    }
}
