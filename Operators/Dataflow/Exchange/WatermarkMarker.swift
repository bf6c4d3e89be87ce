public import Records

/// What a task tells every task downstream about its event time, in band: a record of the topic between
/// two stages, written behind the records that it covers and in their transaction.
public struct WatermarkMarker: Hashable, Sendable, BinaryCodable {
    /// The partition of the task that writes.
    public var upstreamTask: Int32
    /// The life of that task: markers of an earlier life are void.
    public var incarnation: UInt64
    /// Counts the markers of that life.
    public var sequence: UInt64
    /// How many tasks the writing stage has.
    public var upstreamTasks: Int32
    /// No record with an earlier time follows from that task.
    public var watermark: EventTime

    /// Makes a marker.
    public init(
        upstreamTask: Int32, incarnation: UInt64, sequence: UInt64, upstreamTasks: Int32,
        watermark: EventTime
    ) {
        self.upstreamTask = upstreamTask
        self.incarnation = incarnation
        self.sequence = sequence
        self.upstreamTasks = upstreamTasks
        self.watermark = watermark
    }

    /// Reads a marker.
    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init(
            upstreamTask: try reader.integer(), incarnation: try reader.integer(),
            sequence: try reader.integer(), upstreamTasks: try reader.integer(),
            watermark: try EventTime(from: &reader))
        guard upstreamTask >= 0, upstreamTasks > upstreamTask else {
            throw .malformed("a marker of a task that can't be")
        }
    }

    /// Writes the marker.
    public func encode(into writer: inout ByteWriter) {
        writer.integer(upstreamTask)
        writer.integer(incarnation)
        writer.integer(sequence)
        writer.integer(upstreamTasks)
        watermark.encode(into: &writer)
    }
}
