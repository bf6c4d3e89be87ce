/// Reads bits from words behind which at least ``padding`` words of zeros follow.
struct BitCursor {
    /// More words than the longest sample takes.
    static let padding = 6

    private let words: UnsafePointer<UInt64>
    private(set) var position = 0

    init(_ words: UnsafePointer<UInt64>) {
        self.words = words
    }

    /// The next 64 bits, without taking them.
    @inline(__always)
    func peek() -> UInt64 {
        let word = position &>> 6
        let shift = UInt64(truncatingIfNeeded: position & 63)
        let high = words[word] &<< shift
        return shift == 0 ? high : high | (words[word &+ 1] &>> (64 &- shift))
    }

    @inline(__always)
    mutating func skip(_ count: Int) { position &+= count }

    /// Takes `count` bits, 1 to 64.
    @inline(__always)
    mutating func read(_ count: Int) -> UInt64 {
        let value = peek() &>> UInt64(truncatingIfNeeded: 64 &- count)
        position &+= count
        return value
    }
}
