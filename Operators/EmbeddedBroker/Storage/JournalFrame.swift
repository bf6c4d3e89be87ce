internal import BrokerModel
internal import Records

/// One entry as it stands in the journal's file.
///
/// Little-endian: the length of the entry with the highest bit set, a CRC-32C of the next two, how
/// far the file was durable when the entry was written, the entry, and one byte that is not zero.
/// The third says what can't be a torn write, the last tells a whole write from a torn one. Entries
/// without the highest bit are of an older broker: length, checksum, entry.
struct JournalFrame {
    var entry: JournalEntry
    /// Up to here the file was durable when the entry was written.
    var durable: Int64
    /// Bytes in the file.
    var count: Int

    /// The greatest entry that is written, and believed when it is read back.
    static let maximumEntry = 16 << 20
    /// The last byte of every frame.
    static let mark: UInt8 = 0xa5
    /// Bytes of length and checksum.
    static let head = 8
    /// What a frame has beside its entry.
    static let overhead = head + 8 + 1
    private static let newForm: UInt32 = 0x8000_0000

    /// The bytes of an entry in the file.
    static func bytes(of body: [UInt8], durable: Int64) -> [UInt8] {
        var covered = ByteWriter(capacity: body.count + 8)
        covered.integer(durable)
        covered.raw(body)
        var writer = ByteWriter(capacity: body.count + overhead)
        writer.integer(UInt32(truncatingIfNeeded: body.count) | newForm)
        writer.integer(CRC32C.checksum(covered.bytes))
        writer.raw(covered.bytes)
        writer.integer(mark)
        return writer.bytes
    }

    /// How many bytes a frame takes that begins with these eight; nil if none can.
    static func count(head: ByteReader) -> Int? {
        var reader = head
        guard let word = try? reader.integer(UInt32.self) else { return nil }
        let length = Int(word & ~newForm)
        guard length > 0, length <= maximumEntry else { return nil }
        return length + (word & newForm == 0 ? Self.head : overhead)
    }

    /// Why bytes are no frame.
    enum Fault: Error {
        /// The checksum or the last byte is wrong.
        case damaged
        /// The checksum is right, but the entry is of a kind that this broker does not know.
        case unknown
    }

    /// Reads a frame that fills `bytes`.
    init(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        var reader = ByteReader(bytes)
        count = bytes.count
        let body: UnsafeRawBufferPointer
        do throws(CodecError) {
            let isNew = try reader.integer(UInt32.self) & JournalFrame.newForm != 0
            let checksum = try reader.integer(UInt32.self)
            let end = bytes.count - (isNew ? 1 : 0)
            let covered = UnsafeRawBufferPointer(rebasing: bytes[JournalFrame.head..<end])
            guard CRC32C.checksum(covered) == checksum,
                !isNew || bytes[end] == JournalFrame.mark
            else { throw .checksumMismatch }
            durable = isNew ? try reader.integer() : 0
            body = try reader.raw(end - reader.position)
        } catch {
            throw .damaged
        }
        do throws(CodecError) {
            entry = try JournalEntry(decoding: body)
        } catch {
            throw .unknown
        }
    }
}
