public import Records

/// What the pipeline remembers of a segment in a bin of the week: two sums and the first vehicles.
public struct ProfileState: BinaryCodable, Sendable {
    /// Which five minutes since 1970 ``current`` is of.
    var occurrence = Int64.min
    var current = ProfileSum()
    /// The weeks before, faded.
    var past = ProfileSum()
    /// The first vehicles that were seen, no more than are needed to publish.
    var vehicles: [UInt64] = []

    /// The most vehicles that are told apart.
    static let vehicleLimit = 64

    /// Knows of nothing.
    init() {}

    /// All that is known.
    var sum: ProfileSum {
        var sum = past
        sum.merge(current)
        return sum
    }

    /// Takes a passage in; one of a later week begins a new sum and fades those before it.
    mutating func add(_ passage: SegmentTraversal, decay: Double, needed: Int) {
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
        let vehicle = passage.vehicle
        if vehicles.count < min(needed, ProfileState.vehicleLimit), !vehicles.contains(vehicle) {
            vehicles.append(vehicle)
        }
    }

    /// Reads a state.
    public init(from reader: inout ByteReader) throws(CodecError) {
        occurrence = try reader.integer()
        current = try ProfileSum(from: &reader)
        past = try ProfileSum(from: &reader)
        for _ in 0..<(try reader.count(minimumSize: 8)) { vehicles.append(try reader.integer()) }
    }

    /// Writes the state.
    public func encode(into writer: inout ByteWriter) {
        writer.integer(occurrence)
        current.encode(into: &writer)
        past.encode(into: &writer)
        writer.varint(UInt64(vehicles.count))
        for vehicle in vehicles { writer.integer(vehicle) }
    }
}
