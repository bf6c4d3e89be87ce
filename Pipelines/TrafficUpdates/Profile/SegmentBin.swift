public import Records
public import RoadNetwork
public import State

/// A segment in a bin of the week: what `traffic_profile` is keyed by.
public struct SegmentBin: StreamKey {
    /// The segment.
    public var segment: SegmentID
    /// The bin.
    public var bin: WeekBin

    /// Names a segment at a time of the week.
    public init(segment: SegmentID, bin: WeekBin) {
        self.segment = segment
        self.bin = bin
    }

    /// The mixed bits of both.
    public var streamHash: UInt64 {
        SeededGenerator.mix(segment.rawValue &+ UInt64(bin.rawValue) &* 0x9E37_79B9_7F4A_7C15)
    }

    /// Reads a key.
    public init(from reader: inout ByteReader) throws(CodecError) {
        segment = try SegmentID(from: &reader)
        let number = try reader.integer(UInt16.self)
        guard number < UInt16(WeekBin.count) else { throw .malformed("a bin beyond the week") }
        bin = WeekBin(rawValue: number)
    }

    /// Writes the key.
    public func encode(into writer: inout ByteWriter) {
        segment.encode(into: &writer)
        writer.integer(bin.rawValue)
    }
}
