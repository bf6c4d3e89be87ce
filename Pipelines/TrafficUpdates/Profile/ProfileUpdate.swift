public import Records
internal import RoadNetwork
internal import State

/// The profile of a segment in a bin of the week, as it stands after a week's passages, or that none is told any more.
public struct ProfileUpdate: Hashable, Sendable, BinaryCodable {
    /// The segment and the bin.
    public var key: SegmentBin
    /// What is known; nil takes back what was published.
    public var sum: ProfileSum?
    /// The end of the last five minutes that were taken in.
    public var updatedAt: EventTime

    /// Says what is known.
    public init(key: SegmentBin, sum: ProfileSum?, updatedAt: EventTime) {
        self.key = key
        self.sum = sum
        self.updatedAt = updatedAt
    }

    /// The row of ``TrafficUpdates/trafficProfile``.
    var row: RowChange {
        let key: [TableValue] = [
            .integer(Int64(bitPattern: key.segment.rawValue)), .integer(Int64(key.bin.rawValue)),
        ]
        guard let sum else { return .delete(key) }
        return .upsert(
            key + [
                .double(sum.mean * 3.6), .double(sum.variance * 3.6 * 3.6), .double(sum.count),
                .double(sum.freeFlow * 3.6), .time(updatedAt),
            ])
    }

    /// Raised with the form of the bytes.
    public static var codecVersion: UInt32 { 2 }

    /// Reads an update.
    public init(from reader: inout ByteReader) throws(CodecError) {
        key = try SegmentBin(from: &reader)
        sum = try ProfileSum?(from: &reader)
        updatedAt = try EventTime(from: &reader)
    }

    /// Writes the update.
    public func encode(into writer: inout ByteWriter) {
        key.encode(into: &writer)
        sum.encode(into: &writer)
        updatedAt.encode(into: &writer)
    }
}
