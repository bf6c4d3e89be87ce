public import Records

/// What the pipeline remembers of a segment in a bin of the week: two sums and the vehicles
/// of late.
public struct ProfileState: BinaryCodable, Sendable {
    /// Which five minutes since 1970 ``current`` is of.
    var occurrence = Int64.min
    var current = ProfileSum()
    /// The weeks before, faded.
    var past = ProfileSum()
    /// The vehicles of late.
    var visitors = ProfileVisitors()

    /// Knows of nothing.
    init() {}

    /// Raised with the form of the bytes.
    public static var codecVersion: UInt32 { 2 }

    /// All that is known.
    var sum: ProfileSum {
        var sum = past
        sum.merge(current)
        return sum
    }

    /// Takes a passage in, or takes it back; one of a later week begins a new sum and fades those before it.
    mutating func add(_ passage: SegmentTraversal, decay: Double) {
        let occurrence = WeekBin.occurrence(of: passage.leftAt)
        if occurrence > self.occurrence {
            past.merge(current)
            var weeks = (occurrence - max(self.occurrence, occurrence - 64 * 2_016)) / 2_016
            while weeks > 0 {
                past.fade(to: decay)
                weeks -= 1
            }
            current = ProfileSum()
            self.occurrence = occurrence
        }
        // What comes a week late is of the past.
        if occurrence < self.occurrence { past.add(passage) } else { current.add(passage) }
        visitors.note(
            passage.visitor, occurrence, isTakenBack: passage.isTakenBack,
            newest: self.occurrence)
    }

    /// Reads a state.
    public init(from reader: inout ByteReader) throws(CodecError) {
        occurrence = try reader.integer()
        current = try ProfileSum(from: &reader)
        past = try ProfileSum(from: &reader)
        visitors = try ProfileVisitors(from: &reader)
    }

    /// Writes the state.
    public func encode(into writer: inout ByteWriter) {
        writer.integer(occurrence)
        current.encode(into: &writer)
        past.encode(into: &writer)
        visitors.encode(into: &writer)
    }
}
