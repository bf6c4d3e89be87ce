public import Dataflow
public import Records
internal import Transforms

/// What is published of a word and a minute: `word` and the window's start as the key, the count in digits as
/// the value.
public struct WordTotal: TopicRecord, BinaryCodable, Hashable, Sendable {
    /// The word.
    public var word: String
    /// When the window starts.
    public var windowStart: EventTime
    /// How often the word was written in it.
    public var count: UInt64

    /// Makes a total.
    public init(word: String, windowStart: EventTime, count: UInt64) {
        self.word = word
        self.windowStart = windowStart
        self.count = count
    }

    init(_ change: Change<String, WordTally>) {
        word = change.key
        windowStart = change.window.start
        count = change.value?.count ?? 0
    }

    /// Reads a total.
    public init(record: RecordView) throws(CodecError) {
        guard let key = record.key, let value = record.value,
            let digits = String(validating: value, as: UTF8.self), let count = UInt64(digits)
        else { throw .malformed("not a word's total") }
        var reader = ByteReader(key)
        word = try reader.string()
        windowStart = try EventTime(from: &reader)
        self.count = count
    }

    /// Reads what ``encode(into:)`` wrote.
    public init(from reader: inout ByteReader) throws(CodecError) {
        word = try reader.string()
        windowStart = try EventTime(from: &reader)
        count = try reader.integer()
    }

    /// Writes word, window and count.
    public func encode(into writer: inout ByteWriter) {
        writer.string(word)
        windowStart.encode(into: &writer)
        writer.integer(count)
    }

    /// Word and window.
    public func encodeKey(into writer: inout ByteWriter) -> Bool {
        writer.string(word)
        windowStart.encode(into: &writer)
        return true
    }

    /// The count in digits.
    public func encodeValue(into writer: inout ByteWriter) -> Bool {
        writer.raw(Array(String(count).utf8))
        return true
    }
}
