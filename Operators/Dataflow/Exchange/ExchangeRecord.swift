public import Records

/// One record of the topic between two stages, as it is read.
public enum ExchangeRecord {
    /// A record: its event time and a reader that stands at its payload.
    case record(EventTime, payload: ByteReader)
    /// A promise about event time.
    case marker(WatermarkMarker)

    /// Reads what an ``ExchangeWriter`` wrote.
    @inline(__always)
    public init(_ record: RecordView) throws(CodecError) {
        guard let value = record.value else { throw .malformed("a record without a value") }
        var reader = ByteReader(value)
        switch try reader.integer(UInt8.self) {
        case ExchangeWriter.recordKind:
            let time = EventTime(milliseconds: try reader.integer())
            self = .record(time, payload: reader)
        case ExchangeWriter.markerKind:
            self = .marker(try WatermarkMarker(from: &reader))
        default:
            throw .malformed("neither a record nor a marker")
        }
    }
}
