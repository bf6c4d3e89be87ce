/// A pattern as a tree.
indirect enum RegexNode {
    case empty
    case scalar(UInt32, folded: Bool)
    case set(RegexSet)
    case any(withNewline: Bool)
    case assertion(Assertion)
    case sequence([RegexNode])
    case choice([RegexNode])
    case repetition(RegexNode, minimum: Int, maximum: Int?, greedy: Bool)
    case group(RegexNode, index: Int)

    /// A condition on the place between two characters.
    enum Assertion {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary
    }
}

/// A set of characters: ranges of Unicode scalars, perhaps all but these.
struct RegexSet: Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var negated = false
    var folded = false

    static let digits = RegexSet(ranges: [48...57])
    static let word = RegexSet(ranges: [48...57, 65...90, 95...95, 97...122])
    static let space = RegexSet(ranges: [9...10, 12...13, 32...32])

    func contains(_ scalar: UInt32) -> Bool {
        var found = ranges.contains { $0.contains(scalar) }
        if !found, folded {
            for other in RegexSet.cases(of: scalar) where ranges.contains(where: { $0 ~= other }) {
                found = true
            }
        }
        return found != negated
    }

    /// Adds what another set holds, also when that is negated.
    mutating func formUnion(_ other: RegexSet) {
        ranges += other.negated ? RegexSet.complement(other.ranges) : other.ranges
    }

    static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return result
    }

    /// The scalars that differ from one in case alone.
    static func cases(of scalar: UInt32) -> [UInt32] {
        if scalar < 128 {
            switch scalar {
            case 65...90: return [scalar + 32]
            case 97...122: return [scalar - 32]
            default: return []
            }
        }
        guard let value = Unicode.Scalar(scalar) else { return [] }
        var found: [UInt32] = []
        for mapping in [value.properties.lowercaseMapping, value.properties.uppercaseMapping] {
            let scalars = Array(mapping.unicodeScalars)
            if scalars.count == 1, scalars[0] != value { found.append(scalars[0].value) }
        }
        return found
    }
}
