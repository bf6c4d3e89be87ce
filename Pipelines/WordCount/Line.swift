public import Dataflow
public import Records

/// A line of text: the value of a record in UTF-8, at the record's own time.
public struct Line: TopicRecord, Sendable {
    /// The text.
    public var text: String
    /// When it was written.
    public var writtenAt: EventTime

    /// Reads a line.
    public init(record: RecordView) throws(CodecError) {
        guard let value = record.value, let text = String(validating: value, as: UTF8.self) else {
            throw .malformed("a line is UTF-8")
        }
        self.text = text
        writtenAt = record.timestamp
    }

    /// Lines have no key.
    public func encodeKey(into writer: inout ByteWriter) -> Bool { false }

    /// The text in UTF-8.
    public func encodeValue(into writer: inout ByteWriter) -> Bool {
        writer.raw(Array(text.utf8))
        return true
    }
}
