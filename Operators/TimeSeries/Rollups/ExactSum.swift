public import Records

/// A sum of doubles that does not depend on the order or grouping of its terms.
///
/// Keeps the exact sum as parts that don't overlap (Shewchuk, "Adaptive precision floating-point
/// arithmetic", 1997), mostly one or two; the value is the exact sum, rounded once. Terms that are
/// not finite are kept apart.
public struct ExactSum: Sendable {
    /// More parts than a sum of finite doubles can have.
    private static let partLimit = 64

    /// The parts, the least first.
    private var parts: [Double] = []
    /// The sum of the terms that are not finite, 0 without any.
    private var special = 0.0

    /// The sum of nothing.
    public init() {}

    /// Adds a term.
    public mutating func add(_ term: Double) {
        guard term.isFinite else {
            special += term
            return
        }
        var carry = term
        var kept = 0
        for index in parts.indices {
            var (big, small) = (carry, parts[index])
            if big.magnitude < small.magnitude { swap(&big, &small) }
            let high = big + small
            guard high.isFinite else {
                // The exact sum leaves the range of doubles.
                special += high
                return
            }
            let low = small - (high - big)
            if low != 0 {
                parts[kept] = low
                kept += 1
            }
            carry = high
        }
        parts.removeSubrange(kept...)
        if carry != 0 || parts.isEmpty { parts.append(carry) }
    }

    /// Adds a product, exact unless it or what it rounds off leaves the range of doubles.
    mutating func addProduct(_ a: Double, _ b: Double) {
        let product = a * b
        add(product)
        // The rounding error of a product is a double of its own (Dekker, 1971).
        if product.isFinite { add((-product).addingProduct(a, b)) }
    }

    /// Adds a multiple of another sum.
    mutating func add(_ factor: Double, times other: ExactSum) {
        for part in other.parts { addProduct(factor, part) }
        if other.special != 0 || other.special.isNaN { special += factor * other.special }
    }

    /// Subtracts the square of another sum.
    mutating func subtractSquare(of other: ExactSum) {
        for part in other.parts { add(-part, times: other) }
        if other.special != 0 || other.special.isNaN { special = .nan }
    }

    /// Adds another sum.
    public mutating func add(_ other: ExactSum) {
        for part in other.parts { add(part) }
        special += other.special
    }

    /// The exact sum, rounded to the nearest double.
    public var value: Double {
        if special != 0 || special.isNaN { return special }
        guard var sum = parts.last else { return 0 }
        var index = parts.count - 1
        var low = 0.0
        while index > 0 {
            index -= 1
            let before = sum
            let part = parts[index]
            sum = before + part
            low = part - (sum - before)
            if low != 0 { break }
        }
        // Half a unit in the last place is rounded by what lies below it.
        if index > 0, (low < 0) == (parts[index - 1] < 0), low != 0 {
            let doubled = low * 2
            let raised = sum + doubled
            if doubled == raised - sum { sum = raised }
        }
        return sum
    }
}

extension ExactSum: Equatable {
    /// Whether two sums have the same value, bit by bit.
    public static func == (a: ExactSum, b: ExactSum) -> Bool {
        a.value.bitPattern == b.value.bitPattern
    }
}

extension ExactSum: BinaryCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.varint(UInt64(parts.count))
        for part in parts { writer.double(part) }
        writer.double(special)
    }

    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init()
        let count = try reader.count(minimumSize: 8)
        guard count <= ExactSum.partLimit else { throw .malformed("a sum of too many parts") }
        for _ in 0..<count {
            let part = try reader.double()
            guard part.isFinite else { throw .malformed("a part of a sum is not finite") }
            add(part)
        }
        special = try reader.double()
    }
}
