public import Records

/// The lasting name of a directed road segment.
///
/// A function of the way, the nodes at both ends and the direction, so that the same road has the
/// same id in the next map. 63 bits and never 0: the number is a positive `bigint` in PostgreSQL.
public struct SegmentID: RawRepresentable, Hashable, Comparable, Sendable {
    /// 1 to 2⁶³ - 1.
    public var rawValue: UInt64

    /// Wraps a number.
    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The id of the segment that runs from node `from` to node `to` on `way`, along the way's points
    /// or against them.
    ///
    /// `occurrence` tells apart stretches of one way between the same two nodes.
    public init(way: Int64, from: Int64, to: Int64, forward: Bool, occurrence: Int = 0) {
        var hash = SeededGenerator.mix(UInt64(bitPattern: way) &+ 0x9E37_79B9_7F4A_7C15)
        hash = SeededGenerator.mix(hash ^ UInt64(bitPattern: from))
        hash = SeededGenerator.mix(hash &+ 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: to))
        hash = SeededGenerator.mix(hash ^ (UInt64(occurrence) << 1 | (forward ? 1 : 0)))
        rawValue = max(1, hash >> 1)
    }

    /// By number.
    @inlinable
    public static func < (a: SegmentID, b: SegmentID) -> Bool { a.rawValue < b.rawValue }
}

extension SegmentID: CustomStringConvertible {
    /// The number in decimal.
    public var description: String { "\(rawValue)" }
}

extension SegmentID: BinaryCodable {
    /// Reads eight bytes.
    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init(rawValue: try reader.integer(UInt64.self))
    }

    /// Writes eight bytes.
    public func encode(into writer: inout ByteWriter) {
        writer.integer(rawValue)
    }
}
