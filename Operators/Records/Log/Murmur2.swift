/// The hash by which Kafka's Java client spreads keys over partitions.
///
/// MurmurHash2 (Austin Appleby, 2008) with the seed of Kafka's `DefaultPartitioner`: whoever partitions
/// by it meets the keys of every other producer that does.
public enum Murmur2 {
    /// The hash of a key's bytes.
    @inlinable
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        let length = bytes.count
        var h: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: length)
        var position = 0
        while position &+ 4 <= length {
            var k = UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            k = k &* multiplier
            k ^= k >> 24
            h = (h &* multiplier) ^ (k &* multiplier)
            position &+= 4
        }
        let rest = length &- position
        if rest >= 3 { h ^= UInt32(bytes[position &+ 2]) << 16 }
        if rest >= 2 { h ^= UInt32(bytes[position &+ 1]) << 8 }
        if rest >= 1 { h = (h ^ UInt32(bytes[position])) &* multiplier }
        h ^= h >> 13
        h = h &* multiplier
        return h ^ (h >> 15)
    }

    /// The partition of a key among `count` partitions.
    @inlinable
    public static func partition(_ key: UnsafeRawBufferPointer, of count: Int32) -> Int32 {
        Int32(bitPattern: hash(key) & 0x7fff_ffff) % Swift.max(1, count)
    }
}
