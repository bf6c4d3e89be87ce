internal import Records

/// What one week has brought to a segment in a bin: not faded, so that what is taken back was never there.
///
/// Of the vehicles those with the smallest numbers are kept, as many as the caller says, so that no order of coming
/// changes which.
struct ProfileWeek: Hashable, Sendable, BinaryCodable {
    private struct Visitor: Hashable, Sendable {
        var hash: UInt64
        /// How often it was told of, less how often that was taken back.
        var passages: Int32
    }

    /// Which five minutes since 1970 it is of.
    let occurrence: Int64
    private(set) var sum = ProfileSum()
    /// Ascending by hash.
    private var visitors: [Visitor] = []

    /// Knows of no passage.
    init(occurrence: Int64) { self.occurrence = occurrence }

    /// Whether nothing was told of it, or all was taken back.
    var isEmpty: Bool { sum == ProfileSum() }

    /// The vehicles that have passed, ascending.
    var hashes: [UInt64] { visitors.filter { $0.passages > 0 }.map(\.hash) }

    /// Takes a passage in, or takes it back.
    ///
    /// - Parameter bound: how many vehicles are kept apart.
    mutating func add(_ passage: SegmentTraversal, keeping bound: Int) {
        sum.add(passage)
        let change: Int32 = passage.isTakenBack ? -1 : 1
        let place = visitors.firstIndex { $0.hash >= passage.visitor } ?? visitors.count
        if place < visitors.count, visitors[place].hash == passage.visitor {
            visitors[place].passages &+= change
            if visitors[place].passages == 0 { visitors.remove(at: place) }
            return
        }
        visitors.insert(Visitor(hash: passage.visitor, passages: change), at: place)
        if visitors.count > bound { visitors.removeLast(visitors.count - bound) }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        occurrence = try WeekBin.readOccurrence(&reader)
        sum = try ProfileSum(from: &reader)
        let count = try reader.count(minimumSize: 12)
        guard count <= ProfileVisitors.mostKept else { throw .malformed("too many vehicles") }
        for _ in 0..<count {
            visitors.append(Visitor(hash: try reader.integer(), passages: try reader.integer()))
        }
        guard zip(visitors, visitors.dropFirst()).allSatisfy({ $0.hash < $1.hash }) else {
            throw .malformed("vehicles out of order")
        }
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(occurrence)
        sum.encode(into: &writer)
        writer.varint(UInt64(visitors.count))
        for visitor in visitors {
            writer.integer(visitor.hash)
            writer.integer(visitor.passages)
        }
    }
}
