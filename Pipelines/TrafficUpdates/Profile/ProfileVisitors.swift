internal import Records

/// The vehicles that have passed a segment in a bin in weeks that are over: so many as are needed to tell whether a
/// profile may be published, and no more.
///
/// A vehicle is forgotten ``memory`` weeks after it was seen last, when its passages count for little. Of more than
/// can be kept those seen last are, so that no order of coming changes which.
struct ProfileVisitors: Hashable, Sendable, BinaryCodable {
    /// The most vehicles that can be asked for.
    static let limit = 64
    /// For how many weeks a vehicle is remembered.
    static let memory: Int64 = 8
    /// The most vehicles that are kept, whatever is asked for.
    static let mostKept = kept(for: limit)

    /// How many vehicles are kept where `minimumVehicles` are asked for: more, as some of those that are kept may be
    /// taken back, and those that were not kept don't come again.
    static func kept(for minimumVehicles: Int) -> Int {
        2 * min(max(1, minimumVehicles), limit) + 16
    }

    private struct Visitor: Hashable, Sendable {
        var hash: UInt64
        /// Which five minutes since 1970 it was seen in last.
        var occurrence: Int64
    }

    /// Ascending by hash.
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
        for hash in week.hashes {
            let place = visitors.firstIndex { $0.hash >= hash } ?? visitors.count
            if place < visitors.count, visitors[place].hash == hash {
                visitors[place].occurrence = week.occurrence
            } else {
                visitors.insert(Visitor(hash: hash, occurrence: week.occurrence), at: place)
            }
        }
        while visitors.count > bound, let place = placeOfOldest { visitors.remove(at: place) }
    }

    /// The vehicles that were seen in `oldest` or later.
    func hashes(since oldest: Int64) -> [UInt64] {
        visitors.filter { $0.occurrence >= oldest }.map(\.hash)
    }

    private var placeOfOldest: Int? {
        visitors.indices.min {
            (visitors[$0].occurrence, UInt64.max - visitors[$0].hash)
                < (visitors[$1].occurrence, UInt64.max - visitors[$1].hash)
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let count = try reader.count(minimumSize: 16)
        guard count <= ProfileVisitors.mostKept else { throw .malformed("too many vehicles") }
        for _ in 0..<count {
            visitors.append(
                Visitor(
                    hash: try reader.integer(),
                    occurrence: try WeekBin.readOccurrence(&reader)))
        }
        guard zip(visitors, visitors.dropFirst()).allSatisfy({ $0.hash < $1.hash }) else {
            throw .malformed("vehicles out of order")
        }
    }

    func encode(into writer: inout ByteWriter) {
        writer.varint(UInt64(visitors.count))
        for visitor in visitors {
            writer.integer(visitor.hash)
            writer.integer(visitor.occurrence)
        }
    }
}
