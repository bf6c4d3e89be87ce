/// Appends bits, the first one on top, to words of 64.
struct BitWriter: Sendable {
    /// The words that are full.
    private(set) var words: [UInt64] = []
    /// The word that isn't, its bits on top.
    private(set) var pending: UInt64 = 0
    private(set) var pendingCount = 0

    init() {}

    /// Goes on behind bits that were written before.
    init(words: [UInt64], bitCount: Int) {
        self.words = words
        pendingCount = bitCount & 63
        if pendingCount > 0 { pending = self.words.removeLast() }
    }

    var bitCount: Int { words.count &* 64 &+ pendingCount }

    /// Every word, the last one filled up with zeros.
    var allWords: [UInt64] { pendingCount > 0 ? words + [pending] : words }

    /// Every word with `count` words of zeros behind them.
    func padded(by count: Int) -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: words.count &+ 1 &+ count) { buffer, filled in
            filled = words.count
            words.withUnsafeBufferPointer { source in
                _ = buffer.initialize(fromContentsOf: source)
            }
            buffer[filled] = pending
            for index in 1...count { buffer[filled &+ index] = 0 }
            filled &+= 1 &+ count
        }
    }

    mutating func reserve(_ count: Int) { words.reserveCapacity(count) }

    /// Writes the low `count` bits of a value whose other bits are 0; `count` is 1 to 64.
    @inline(__always)
    mutating func write(_ value: UInt64, _ count: Int) {
        let free = 64 &- pendingCount
        if count < free {
            pending |= value &<< UInt64(truncatingIfNeeded: free &- count)
            pendingCount &+= count
        } else {
            let rest = count &- free
            words.append(pending | (value &>> UInt64(truncatingIfNeeded: rest)))
            pending = rest == 0 ? 0 : value &<< UInt64(truncatingIfNeeded: 64 &- rest)
            pendingCount = rest
        }
    }
}
