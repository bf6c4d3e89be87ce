internal import Records

/// What one week has brought to a segment in a bin: not faded, so that what is taken back was never there.
///
/// Of the vehicles those with the smallest marks are kept, as many as the caller says, so that no order of coming
/// changes which.
struct ProfileWeek: Hashable, Sendable {
    private struct Visitor: Hashable, Sendable {
        /// Half of the visitor's number.
        ///
        /// Two of so few vehicles have the same mark once in some millions of keys, and are then one vehicle: a row
        /// comes later for it, never earlier.
        var mark: UInt32
        /// How often it was told of, less how often that was taken back.
        var passages: Int32
    }

    /// Which five minutes since 1970 it is of.
    let occurrence: Int64
    private(set) var sum = ProfileSum()
    /// Ascending by mark.
    private var visitors: [Visitor] = []

    /// Knows of no passage.
    init(occurrence: Int64) { self.occurrence = occurrence }

    /// How many vehicles are kept where `minimumVehicles` are asked for: more, as some of those that are kept may be
    /// taken back, and those that were not kept don't come again.
    static func kept(for minimumVehicles: Int) -> Int {
        2 * ProfileVisitors.kept(for: minimumVehicles) + 16
    }

    /// Whether nothing was told of it, or all was taken back.
    var isEmpty: Bool { sum == ProfileSum() }

    /// The vehicles that have passed, ascending.
    var marks: [UInt32] { visitors.filter { $0.passages > 0 }.map(\.mark) }

    /// Takes a passage in, or takes it back.
    ///
    /// - Parameter bound: how many vehicles are kept apart.
    mutating func add(_ passage: SegmentTraversal, keeping bound: Int) {
        sum.add(passage)
        let change: Int32 = passage.isTakenBack ? -1 : 1
        let mark = UInt32(truncatingIfNeeded: passage.visitor)
        let place = visitors.firstIndex { $0.mark >= mark } ?? visitors.count
        if place < visitors.count, visitors[place].mark == mark {
            visitors[place].passages &+= change
            if visitors[place].passages == 0 { visitors.remove(at: place) }
            return
        }
        visitors.insert(Visitor(mark: mark, passages: change), at: place)
        if visitors.count > bound { visitors.removeLast(visitors.count - bound) }
    }

    init(from reader: inout ByteReader, occurrence: Int64) throws(CodecError) {
        self.occurrence = occurrence
        sum = try ProfileSum(compact: &reader)
        let count = try reader.count(minimumSize: 5)
        guard count <= ProfileWeek.kept(for: .max) else { throw .malformed("too many vehicles") }
        for _ in 0..<count {
            let mark = try reader.integer(UInt32.self)
            guard let passages = Int32(exactly: try reader.zigzag()) else {
                throw .malformed("more passages than are counted")
            }
            visitors.append(Visitor(mark: mark, passages: passages))
        }
        guard zip(visitors, visitors.dropFirst()).allSatisfy({ $0.mark < $1.mark }) else {
            throw .malformed("vehicles out of order")
        }
    }

    func encode(into writer: inout ByteWriter) {
        sum.encodeCompact(into: &writer)
        writer.varint(UInt64(visitors.count))
        for visitor in visitors {
            writer.integer(visitor.mark)
            writer.zigzag(Int64(visitor.passages))
        }
    }
}
