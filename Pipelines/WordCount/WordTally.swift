public import Records
public import Transforms

/// How often a word was written.
public struct WordTally: Accumulator, Hashable, Sendable {
    /// The number of times.
    public private(set) var count: UInt64 = 0

    /// Never.
    public init() {}

    /// Once more.
    public mutating func add(_ word: String, at time: EventTime) { count += 1 }

    /// As often as both say together.
    public mutating func merge(_ other: WordTally) { count += other.count }

    /// Reads a tally.
    public init(from reader: inout ByteReader) throws(CodecError) { count = try reader.varint() }

    /// Writes the tally.
    public func encode(into writer: inout ByteWriter) { writer.varint(count) }
}
