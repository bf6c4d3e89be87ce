/// The Castagnoli checksum (RFC 3720, appendix B.4) over bytes that may arrive in pieces.
///
/// Kafka's record batches and Millrace's own checkpoints carry it. Computed by slicing-by-8
/// (Kounavis and Berry, "A systematic approach to building high performance software-based CRC
/// generators", ISCC 2005).
public struct CRC32C: Sendable {
    @usableFromInline var register: UInt32 = ~0

    /// Starts a checksum over no bytes.
    @inlinable
    public init() {}

    /// The checksum of the bytes that were added.
    @inlinable
    public var value: UInt32 { ~register }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var crc = register
        CRC32C.tables.withUnsafeBufferPointer { table in
            var position = 0
            while position &+ 8 <= bytes.count {
                let word = UInt64(
                    littleEndian: base.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                let low = crc ^ UInt32(truncatingIfNeeded: word)
                let high = UInt32(truncatingIfNeeded: word >> 32)
                crc =
                    table[7 &* 256 &+ Int(low & 0xff)]
                    ^ table[6 &* 256 &+ Int((low >> 8) & 0xff)]
                    ^ table[5 &* 256 &+ Int((low >> 16) & 0xff)]
                    ^ table[4 &* 256 &+ Int(low >> 24)]
                crc ^=
                    table[3 &* 256 &+ Int(high & 0xff)]
                    ^ table[2 &* 256 &+ Int((high >> 8) & 0xff)]
                    ^ table[1 &* 256 &+ Int((high >> 16) & 0xff)]
                    ^ table[Int(high >> 24)]
                position &+= 8
            }
            while position < bytes.count {
                crc = (crc >> 8) ^ table[Int((crc ^ UInt32(bytes[position])) & 0xff)]
                position &+= 1
            }
        }
        register = crc
    }

    /// The checksum of `bytes` alone.
    public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = CRC32C()
        crc.update(bytes)
        return crc.value
    }

    /// The checksum of `bytes` alone.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes(checksum)
    }

    /// Eight tables of 256 entries: table `k` advances a byte through `k` further zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
            tables[byte] = crc
        }
        for slice in 1..<8 {
            for byte in 0..<256 {
                let previous = tables[(slice - 1) * 256 + byte]
                tables[slice * 256 + byte] = (previous >> 8) ^ tables[Int(previous & 0xff)]
            }
        }
        return tables
    }()
}
