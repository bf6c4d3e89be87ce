internal import Records

/// The vehicles that have passed a segment in a bin in weeks that are over: so many as are needed to tell that a
/// profile may be published, and no more, as nothing of these weeks is taken back.
///
/// A vehicle is forgotten ``memory`` weeks after it was seen last, when its passages count for little. Of more than
/// are needed those seen last are kept, so that no order of coming changes which.
struct ProfileVisitors: Hashable, Sendable {
    /// The most vehicles that can be asked for.
    static let limit = 64
    /// For how many weeks a vehicle is remembered.
    static let memory: Int64 = 8

    /// How many vehicles are kept where `minimumVehicles` are asked for.
    static func kept(for minimumVehicles: Int) -> Int { min(max(1, minimumVehicles), limit) }

    private struct Visitor: Hashable, Sendable {
        var mark: UInt32
        /// Which five minutes since 1970 it was seen in last.
        var occurrence: Int64
    }

    /// Ascending by mark.
    private var visitors: [Visitor] = []

    /// Knows of nobody.
    init() {}

    /// The oldest five minutes whose vehicles count in those of `occurrence`.
    static func oldest(at occurrence: Int64) -> Int64 {
        occurrence - memory * Int64(WeekBin.count)
    }

    /// Takes in the vehicles of a week later than all before, and forgets whom it is too late for.
    mutating func merge(_ week: ProfileWeek, keeping bound: Int) {
        let oldest = ProfileVisitors.oldest(at: week.occurrence)
        visitors.removeAll { $0.occurrence < oldest }
        for mark in week.marks {
            let place = visitors.firstIndex { $0.mark >= mark } ?? visitors.count
            if place < visitors.count, visitors[place].mark == mark {
                visitors[place].occurrence = week.occurrence
            } else {
                visitors.insert(Visitor(mark: mark, occurrence: week.occurrence), at: place)
            }
        }
        while visitors.count > bound, let place = placeOfOldest { visitors.remove(at: place) }
    }

    /// The vehicles that were seen in `oldest` or later.
    func marks(since oldest: Int64) -> [UInt32] {
        visitors.filter { $0.occurrence >= oldest }.map(\.mark)
    }

    private var placeOfOldest: Int? {
        visitors.indices.min {
            (visitors[$0].occurrence, UInt32.max - visitors[$0].mark)
                < (visitors[$1].occurrence, UInt32.max - visitors[$1].mark)
        }
    }

    /// Reads the vehicles of the weeks up to `newest`.
    init(from reader: inout ByteReader, of newest: Int64) throws(CodecError) {
        let count = try reader.count(minimumSize: 5)
        guard count <= ProfileVisitors.limit else { throw .malformed("too many vehicles") }
        for _ in 0..<count {
            visitors.append(
                Visitor(
                    mark: try reader.integer(),
                    occurrence: try ProfileHistory.readEarlier(than: newest, from: &reader)))
        }
        guard zip(visitors, visitors.dropFirst()).allSatisfy({ $0.mark < $1.mark }) else {
            throw .malformed("vehicles out of order")
        }
    }

    /// Writes the vehicles of the weeks up to `newest`.
    func encode(into writer: inout ByteWriter, of newest: Int64) {
        writer.varint(UInt64(visitors.count))
        for visitor in visitors {
            writer.integer(visitor.mark)
            writer.varint(UInt64(max(0, newest - visitor.occurrence)))
        }
    }
}
