/// Appends values to a growing run of bytes, in the forms that ``ByteReader`` reads.
public struct ByteWriter {
    @usableFromInline var storage: [UInt8]

    /// What was written.
    @inlinable
    public var bytes: [UInt8] { storage }

    /// Starts empty, with room for `capacity` bytes.
    @inlinable
    public init(capacity: Int = 0) {
        storage = []
        storage.reserveCapacity(capacity)
    }

    /// How many bytes were written.
    @inlinable
    public var count: Int { storage.count }

    /// Forgets what was written and keeps the memory.
    @inlinable
    public mutating func removeAll() {
        storage.removeAll(keepingCapacity: true)
    }

    /// Writes an integer of fixed width, little-endian.
    @inlinable
    public mutating func integer<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { storage.append(contentsOf: $0) }
    }

    /// Writes an integer of fixed width, big-endian.
    @inlinable
    public mutating func bigEndian<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { storage.append(contentsOf: $0) }
    }

    /// Writes the bit pattern of a double, little-endian.
    @inlinable
    public mutating func double(_ value: Double) {
        integer(value.bitPattern)
    }

    /// Writes an unsigned integer as LEB128, in one to ten bytes.
    @inlinable
    public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            storage.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        storage.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Writes a signed integer in zigzag form: small magnitudes take few bytes.
    @inlinable
    public mutating func zigzag(_ value: Int64) {
        varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// Writes bytes as they are.
    @inlinable
    public mutating func raw(_ buffer: UnsafeRawBufferPointer) {
        storage.append(contentsOf: buffer)
    }

    /// Writes bytes as they are.
    @inlinable
    public mutating func raw(_ array: [UInt8]) {
        storage.append(contentsOf: array)
    }

    /// Writes a varint length and the bytes.
    @inlinable
    public mutating func lengthPrefixed(_ buffer: UnsafeRawBufferPointer) {
        varint(UInt64(buffer.count))
        raw(buffer)
    }

    /// Writes a varint length and the bytes.
    @inlinable
    public mutating func lengthPrefixed(_ array: [UInt8]) {
        varint(UInt64(array.count))
        raw(array)
    }

    /// Writes a varint length and the string's UTF-8.
    @inlinable
    public mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { lengthPrefixed(UnsafeRawBufferPointer($0)) }
    }

    /// Overwrites four bytes at `position` with an integer, little-endian: for lengths and checksums
    /// that are known only after what they cover.
    public mutating func patch(_ value: UInt32, at position: Int) {
        withUnsafeBytes(of: value.littleEndian) { patch in
            for (index, byte) in patch.enumerated() { storage[position + index] = byte }
        }
    }
}

extension ByteWriter {
    /// Goes on at the end of an array without copying it; the array is empty until it is given back.
    @inlinable
    public init(takingOver array: inout [UInt8]) {
        storage = []
        swap(&storage, &array)
    }

    /// Returns the bytes to the array that they were taken from.
    @inlinable
    public mutating func giveBack(to array: inout [UInt8]) {
        swap(&storage, &array)
    }
}
