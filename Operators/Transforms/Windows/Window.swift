public import Records

/// An interval of event time: from `start`, up to and without `end`.
public struct Window: Hashable, Comparable, Sendable, BinaryCodable {
    /// The first time that belongs to the window.
    public var start: EventTime
    /// The first time that doesn't.
    public var end: EventTime

    /// Makes a window.
    public init(start: EventTime, end: EventTime) {
        self.start = start
        self.end = end
    }

    /// Earlier windows first; of two that start together, the shorter.
    public static func < (a: Window, b: Window) -> Bool {
        (a.start, a.end) < (b.start, b.end)
    }

    /// Reads a window.
    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init(start: try EventTime(from: &reader), end: try EventTime(from: &reader))
        guard start < end else { throw .malformed("a window that ends before it starts") }
    }

    /// Writes the window.
    public func encode(into writer: inout ByteWriter) {
        start.encode(into: &writer)
        end.encode(into: &writer)
    }
}
