internal import Records

/// What passages follow from beside the locations and the map: kept with what was told lately, as only under the same
/// rules the same locations lead to the same passages again.
struct TripRules: Hashable, Sendable, BinaryCodable {
    /// What is left out of a trip.
    var trim: TripTrim
    /// After how many milliseconds the matcher decides, at the latest.
    var lagBound: Int64
    /// Tells the keys of pseudonyms apart.
    var keyMark: UInt32

    /// Collects the rules.
    init(trim: TripTrim, lagBound: Int64, keyMark: UInt32) {
        self.trim = trim
        self.lagBound = lagBound
        self.keyMark = keyMark
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        trim = TripTrim(start: try reader.double(), end: try reader.double())
        lagBound = try reader.integer()
        keyMark = try reader.integer()
        guard (0...Trip.longestTrim).contains(trim.start), (0...Trip.longestTrim).contains(trim.end)
        else { throw .malformed("a trip trimmed without bound") }
    }

    func encode(into writer: inout ByteWriter) {
        writer.double(trim.start)
        writer.double(trim.end)
        writer.integer(lagBound)
        writer.integer(keyMark)
    }
}
