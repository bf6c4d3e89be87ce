/// The 64-bit hash XXH64 with seed 0 (Yann Collet, "xxHash fast digest algorithm", 2012).
enum XXHash64 {
    /// The hash of no bytes.
    static let emptyHash: UInt64 = 0xEF46_DB37_51D8_E999

    private static let p1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let p2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let p3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let p4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let p5: UInt64 = 0x27D4_EB2F_1656_67C5

    private static func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        (value << bits) | (value >> (64 - bits))
    }

    private static func round(_ accumulator: UInt64, _ input: UInt64) -> UInt64 {
        rotated(accumulator &+ input &* p2, 31) &* p1
    }

    private static func merged(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        (accumulator ^ round(0, lane)) &* p1 &+ p4
    }

    /// The hash of `bytes`.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var position = 0
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        var hash: UInt64
        if bytes.count >= 32 {
            var lanes = (p1 &+ p2, p2, UInt64(0), 0 &- p1)
            while position &+ 32 <= bytes.count {
                lanes.0 = round(lanes.0, word(position))
                lanes.1 = round(lanes.1, word(position + 8))
                lanes.2 = round(lanes.2, word(position + 16))
                lanes.3 = round(lanes.3, word(position + 24))
                position += 32
            }
            hash =
                rotated(lanes.0, 1) &+ rotated(lanes.1, 7) &+ rotated(lanes.2, 12)
                &+ rotated(lanes.3, 18)
            hash = merged(hash, lanes.0)
            hash = merged(hash, lanes.1)
            hash = merged(hash, lanes.2)
            hash = merged(hash, lanes.3)
        } else {
            hash = p5
        }
        hash &+= UInt64(bytes.count)
        while position &+ 8 <= bytes.count {
            hash = rotated(hash ^ round(0, word(position)), 27) &* p1 &+ p4
            position += 8
        }
        if position &+ 4 <= bytes.count {
            let half = UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            hash = rotated(hash ^ (UInt64(half) &* p1), 23) &* p2 &+ p3
            position += 4
        }
        while position < bytes.count {
            hash = rotated(hash ^ (UInt64(bytes[position]) &* p5), 11) &* p1
            position += 1
        }
        hash = (hash ^ (hash >> 33)) &* p2
        hash = (hash ^ (hash >> 29)) &* p3
        return hash ^ (hash >> 32)
    }
}
