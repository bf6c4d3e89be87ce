public import Records

/// A record of a marble diagram: its character and the time of its frame.
public struct Marble: Hashable, Sendable, BinaryCodable {
    /// The character that stands in the diagram.
    public var symbol: String
    /// Its event time.
    public var time: EventTime

    /// Makes a marble.
    public init(_ symbol: String, at time: EventTime) {
        self.symbol = symbol
        self.time = time
    }

    /// Reads a marble.
    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init(try reader.string(), at: try EventTime(from: &reader))
    }

    /// Writes the marble.
    public func encode(into writer: inout ByteWriter) {
        writer.string(symbol)
        time.encode(into: &writer)
    }
}
