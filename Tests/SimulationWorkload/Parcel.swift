internal import Dataflow
package import Records

/// An event in a record of any size, so that some are too large for their topics.
package struct Parcel: TopicRecord, BinaryCodable, Hashable, Sendable {
    package var event: Event
    /// How many bytes it has beside the event.
    package var size: Int

    package init(event: Event, size: Int) {
        self.event = event
        self.size = size
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        event = try Event(from: &reader)
        size = reader.remaining
        _ = try reader.raw(size)
    }

    package func encode(into writer: inout ByteWriter) {
        event.encode(into: &writer)
        writer.raw([UInt8](repeating: 7, count: size))
    }

    package init(record: RecordView) throws(CodecError) {
        guard let value = record.value else { throw .malformed("no value") }
        try self.init(decoding: value)
    }

    package func encodeKey(into writer: inout ByteWriter) -> Bool {
        event.encodeKey(into: &writer)
    }

    package func encodeValue(into writer: inout ByteWriter) -> Bool {
        encode(into: &writer)
        return true
    }
}
