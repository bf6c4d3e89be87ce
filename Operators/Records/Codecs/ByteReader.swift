/// A bounds-checked cursor over bytes that someone else owns.
///
/// Integers are little-endian unless the name says otherwise. Every read throws
/// ``CodecError/truncated`` instead of running past the end, so a reader can be let loose on bytes
/// from outside. The bytes must stay valid for as long as the reader, or a buffer that it handed
/// out, is used.
public struct ByteReader {
    @usableFromInline let bytes: UnsafeRawBufferPointer
    @usableFromInline var cursor = 0

    /// The distance of the next unread byte from the first.
    @inlinable
    public var position: Int { cursor }

    /// Starts at the first byte of `bytes`.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// How many bytes are left to read.
    @inlinable
    public var remaining: Int { bytes.count &- cursor }

    /// Whether every byte was read.
    @inlinable
    public var isAtEnd: Bool { cursor == bytes.count }

    /// Reads an integer of fixed width, little-endian.
    @inlinable
    public mutating func integer<T: FixedWidthInteger>(
        _ type: T.Type = T.self
    ) throws(CodecError) -> T {
        let width = MemoryLayout<T>.size
        guard remaining >= width else { throw .truncated }
        let raw = bytes.loadUnaligned(fromByteOffset: cursor, as: T.self)
        cursor &+= width
        return T(littleEndian: raw)
    }

    /// Reads an integer of fixed width, big-endian.
    @inlinable
    public mutating func bigEndian<T: FixedWidthInteger>(
        _ type: T.Type = T.self
    ) throws(CodecError) -> T {
        T(bigEndian: T(littleEndian: try integer(T.self)))
    }

    /// Reads the bit pattern of a double, little-endian.
    @inlinable
    public mutating func double() throws(CodecError) -> Double {
        Double(bitPattern: try integer(UInt64.self))
    }

    /// Reads an unsigned LEB128 integer of at most ten bytes.
    @inlinable
    public mutating func varint() throws(CodecError) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            guard cursor < bytes.count else { throw .truncated }
            let byte = bytes[cursor]
            cursor &+= 1
            if shift == 63, byte > 1 { throw .malformed("varint past 64 bits") }
            result |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { return result }
            shift &+= 7
        }
        throw .malformed("varint of more than ten bytes")
    }

    /// Reads a signed integer in zigzag form.
    @inlinable
    public mutating func zigzag() throws(CodecError) -> Int64 {
        let raw = try varint()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    /// Reads `count` bytes without copying them.
    @inlinable
    public mutating func raw(_ count: Int) throws(CodecError) -> UnsafeRawBufferPointer {
        guard count >= 0, remaining >= count else { throw .truncated }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[cursor..<(cursor &+ count)])
        cursor &+= count
        return slice
    }

    /// Reads a varint length and that many bytes, without copying them.
    @inlinable
    public mutating func lengthPrefixed() throws(CodecError) -> UnsafeRawBufferPointer {
        let length = try varint()
        guard length <= UInt64(remaining) else { throw .truncated }
        return try raw(Int(length))
    }

    /// Reads a varint length and that many bytes of UTF-8.
    public mutating func string() throws(CodecError) -> String {
        let bytes = try lengthPrefixed()
        guard let string = String(validUTF8: bytes) else {
            throw .malformed("not UTF-8")
        }
        return string
    }

    /// Reads a varint count of elements that each take at least `minimumSize` bytes, so that a
    /// damaged count can't make the caller reserve more memory than the bytes could fill.
    @inlinable
    public mutating func count(minimumSize: Int = 1) throws(CodecError) -> Int {
        let count = try varint()
        guard count <= UInt64(remaining / Swift.max(1, minimumSize)) else { throw .truncated }
        return Int(count)
    }
}
