internal import Records

/// The vehicles that have passed a segment in a bin of the week of late: so many as are needed to tell whether a
/// profile may be published, and no more.
///
/// A vehicle is forgotten ``memory`` weeks after it was seen last, when its passages count for little. Of more
/// than ``limit`` those seen last are kept, so that no order of coming changes which.
struct ProfileVisitors: Hashable, Sendable, BinaryCodable {
    /// The most vehicles that are told apart, and so the most that can be asked for.
    static let limit = 64
    /// For how many weeks a vehicle is remembered.
    static let memory: Int64 = 8

    private struct Visitor: Hashable, Sendable {
        var hash: UInt64
        /// Which five minutes since 1970 it was seen in last, and how often.
        var occurrence: Int64
        var passages: Int32
    }

    /// Ascending by hash.
    private var visitors: [Visitor] = []

    /// Knows of nobody.
    init() {}

    /// How many there are.
    var count: Int { visitors.count { $0.passages > 0 } }

    /// Notes that a vehicle has passed, or that it hasn't after all.
    mutating func note(_ hash: UInt64, _ occurrence: Int64, isTakenBack: Bool, newest: Int64) {
        let oldest = newest - ProfileVisitors.memory * Int64(WeekBin.count)
        visitors.removeAll { $0.occurrence < oldest }
        guard occurrence >= oldest else { return }
        let change: Int32 = isTakenBack ? -1 : 1
        if let place = visitors.firstIndex(where: { $0.hash == hash }) {
            if visitors[place].occurrence < occurrence {
                visitors[place].occurrence = occurrence
                visitors[place].passages = change
            } else if visitors[place].occurrence == occurrence {
                visitors[place].passages &+= change
            }
            if visitors[place].passages == 0 { visitors.remove(at: place) }
            return
        }
        let place = visitors.firstIndex { $0.hash > hash } ?? visitors.count
        visitors.insert(
            Visitor(hash: hash, occurrence: occurrence, passages: change), at: place)
        if visitors.count > ProfileVisitors.limit, let last = oldestPlace {
            visitors.remove(at: last)
        }
    }

    private var oldestPlace: Int? {
        visitors.indices.min {
            (visitors[$0].occurrence, UInt64.max - visitors[$0].hash)
                < (visitors[$1].occurrence, UInt64.max - visitors[$1].hash)
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let count = try reader.count(minimumSize: 20)
        guard count <= ProfileVisitors.limit else { throw .malformed("too many vehicles") }
        for _ in 0..<count {
            visitors.append(
                Visitor(
                    hash: try reader.integer(), occurrence: try reader.integer(),
                    passages: try reader.integer()))
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
            writer.integer(visitor.passages)
        }
    }
}
