public import Records

/// A value by which a stream can be divided and state be kept.
public protocol StreamKey: Hashable, BinaryCodable, Sendable {
    /// A hash that is the same in every process and every version of a program, well mixed in its low bits and its
    /// high ones: checkpoints of a large state are written range by range of it, over several commits, between which
    /// another process may take over. Whoever changes it raises the `stateVersion` of what is kept by the key.
    var streamHash: UInt64 { get }
}

extension StreamKey {
    /// The hash of the key's encoded bytes: right for every key, slower than a hash of its own.
    public var streamHash: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in encoded { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return SeededGenerator.mix(hash)
    }
}

extension Int64: StreamKey {
    /// The mixed bits of the number.
    @inlinable
    public var streamHash: UInt64 { SeededGenerator.mix(UInt64(bitPattern: self)) }
}

extension UInt64: StreamKey {
    /// The mixed bits of the number.
    @inlinable
    public var streamHash: UInt64 { SeededGenerator.mix(self) }
}

extension Int: StreamKey {
    /// The mixed bits of the number.
    @inlinable
    public var streamHash: UInt64 { SeededGenerator.mix(UInt64(bitPattern: Int64(self))) }
}

extension UInt32: StreamKey {
    /// The mixed bits of the number.
    @inlinable
    public var streamHash: UInt64 { SeededGenerator.mix(UInt64(self)) }
}

extension Int32: StreamKey {
    /// The mixed bits of the number.
    @inlinable
    public var streamHash: UInt64 { SeededGenerator.mix(UInt64(UInt32(bitPattern: self))) }
}

extension String: StreamKey {
    /// FNV-1a (Fowler, Noll and Vo) of the UTF-8, mixed.
    @inlinable
    public var streamHash: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return SeededGenerator.mix(hash)
    }
}
