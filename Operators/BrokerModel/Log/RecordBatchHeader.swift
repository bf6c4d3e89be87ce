package import Records

/// The fixed part of a record batch of version 2, as KIP-98 lays it out: 61 bytes, big-endian.
///
/// The checksum covers everything from the attributes on, so the broker stamps base offset and
/// leader epoch, which lie before it, without hashing again.
package struct RecordBatchHeader: Hashable, Sendable {
    package var baseOffset: Int64
    /// Bytes behind the length field.
    package var batchLength: Int32
    package var leaderEpoch: Int32
    package var magic: Int8
    package var checksum: UInt32
    package var attributes: Int16
    package var lastOffsetDelta: Int32
    package var baseTimestamp: Int64
    package var maxTimestamp: Int64
    package var producerID: Int64
    package var producerEpoch: Int16
    package var baseSequence: Int32
    package var recordCount: Int32

    /// How many bytes the header takes.
    package static let size = 61
    /// How many bytes stand before what ``batchLength`` counts.
    package static let lengthPrefix = 12
    /// Where the checksummed bytes begin.
    package static let checksummedFrom = 21

    package init(
        baseOffset: Int64, batchLength: Int32, leaderEpoch: Int32 = 0, magic: Int8 = 2,
        checksum: UInt32 = 0, attributes: Int16 = 0, lastOffsetDelta: Int32, baseTimestamp: Int64,
        maxTimestamp: Int64, producerID: Int64 = -1, producerEpoch: Int16 = -1,
        baseSequence: Int32 = -1, recordCount: Int32
    ) {
        self.baseOffset = baseOffset
        self.batchLength = batchLength
        self.leaderEpoch = leaderEpoch
        self.magic = magic
        self.checksum = checksum
        self.attributes = attributes
        self.lastOffsetDelta = lastOffsetDelta
        self.baseTimestamp = baseTimestamp
        self.maxTimestamp = maxTimestamp
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
        self.recordCount = recordCount
    }

    /// Reads the header at the start of `bytes`; checks its fields, not the checksum.
    ///
    /// - Throws: ``CodecError/truncated`` for fewer than 61 bytes,
    ///   ``CodecError/unsupportedVersion(_:)`` for a batch of another version and
    ///   ``CodecError/malformed(_:)`` for a length or delta that can't be.
    package init(_ bytes: UnsafeRawBufferPointer) throws(CodecError) {
        var reader = ByteReader(bytes)
        baseOffset = try reader.bigEndian()
        batchLength = try reader.bigEndian()
        leaderEpoch = try reader.bigEndian()
        magic = try reader.bigEndian()
        checksum = try reader.bigEndian()
        attributes = try reader.bigEndian()
        lastOffsetDelta = try reader.bigEndian()
        baseTimestamp = try reader.bigEndian()
        maxTimestamp = try reader.bigEndian()
        producerID = try reader.bigEndian()
        producerEpoch = try reader.bigEndian()
        baseSequence = try reader.bigEndian()
        recordCount = try reader.bigEndian()
        guard magic == 2 else {
            throw .unsupportedVersion(UInt64(UInt8(bitPattern: magic)))
        }
        guard Int(batchLength) >= RecordBatchHeader.size - RecordBatchHeader.lengthPrefix else {
            throw .malformed("the length of a batch")
        }
        guard lastOffsetDelta >= 0, recordCount >= 0, baseOffset >= 0,
            baseOffset <= Int64.max - Int64(Int32.max) - 1
        else {
            throw .malformed("the offsets of a batch")
        }
    }

    /// The bytes of the whole batch.
    package var byteCount: Int { RecordBatchHeader.lengthPrefix + Int(batchLength) }
    /// The offset of the last record.
    package var lastOffset: Int64 { baseOffset + Int64(lastOffsetDelta) }
    /// Whether the batch belongs to a transaction.
    package var isTransactional: Bool { attributes & 0x10 != 0 }
    /// Whether the batch holds a marker instead of records.
    package var isControl: Bool { attributes & 0x20 != 0 }
    /// Whether the broker set the timestamps.
    package var hasAppendTime: Bool { attributes & 0x08 != 0 }
    /// The number of the codec: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    package var codec: Int { Int(attributes & 0x07) }
    /// The sequence number of the last record; after 2³¹-1 comes 0.
    package var lastSequence: Int32 {
        baseSequence < 0 ? -1 : ProducerState.sequence(baseSequence, plus: lastOffsetDelta)
    }

    /// Writes the header.
    package func write(into writer: inout ByteWriter) {
        writer.bigEndian(baseOffset)
        writer.bigEndian(batchLength)
        writer.bigEndian(leaderEpoch)
        writer.bigEndian(magic)
        writer.bigEndian(checksum)
        writer.bigEndian(attributes)
        writer.bigEndian(lastOffsetDelta)
        writer.bigEndian(baseTimestamp)
        writer.bigEndian(maxTimestamp)
        writer.bigEndian(producerID)
        writer.bigEndian(producerEpoch)
        writer.bigEndian(baseSequence)
        writer.bigEndian(recordCount)
    }

    /// The checksum of the batch that `bytes` begin with, which must be whole.
    package static func computedChecksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[checksummedFrom...]))
    }
}
