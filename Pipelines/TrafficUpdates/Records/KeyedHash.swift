internal import Records

/// A hash that nobody computes without the key: SipHash-2-4 (Aumasson and Bernstein, 2012).
struct KeyedHash: Hashable, Sendable {
    private let first: UInt64
    private let second: UInt64

    /// Takes the two halves of a key, little-endian.
    init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }

    /// Another key that follows from this one and some bytes.
    func derived(_ bytes: some Sequence<UInt8>) -> KeyedHash {
        let material = Array(bytes)
        return KeyedHash(hash(material + [0]), hash(material + [1]))
    }

    /// The hash of bytes.
    func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var state = State(first, second)
        var (word, count) = (UInt64(0), UInt64(0))
        for byte in bytes {
            word |= UInt64(byte) << (8 * (count & 7))
            count &+= 1
            if count & 7 == 0 {
                state.take(word)
                word = 0
            }
        }
        state.take(word | count << 56)
        return state.finished()
    }

    private struct State {
        var (a, b, c, d) = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))

        init(_ first: UInt64, _ second: UInt64) {
            a = first ^ 0x736f_6d65_7073_6575
            b = second ^ 0x646f_7261_6e64_6f6d
            c = first ^ 0x6c79_6765_6e65_7261
            d = second ^ 0x7465_6462_7974_6573
        }

        mutating func take(_ word: UInt64) {
            d ^= word
            mix()
            mix()
            a ^= word
        }

        mutating func finished() -> UInt64 {
            c ^= 0xff
            for _ in 0..<4 { mix() }
            return a ^ b ^ c ^ d
        }

        private mutating func mix() {
            a &+= b
            b = State.turned(b, 13) ^ a
            a = State.turned(a, 32)
            c &+= d
            d = State.turned(d, 16) ^ c
            a &+= d
            d = State.turned(d, 21) ^ a
            c &+= b
            b = State.turned(b, 17) ^ c
            c = State.turned(c, 32)
        }

        private static func turned(_ word: UInt64, _ bits: UInt64) -> UInt64 {
            word << bits | word >> (64 - bits)
        }
    }
}
