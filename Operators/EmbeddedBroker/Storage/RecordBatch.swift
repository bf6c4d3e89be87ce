internal import BrokerModel
internal import Compression
internal import Records

/// Looking into batches: only for compacted topics, for seeks by time and for compaction.
enum RecordBatch {
    /// One record, pointing into the batch or into what it was decompressed to.
    struct Record {
        var timestampDelta: Int64
        var offsetDelta: Int64
        /// nil for no key.
        var key: UnsafeRawBufferPointer?
        var hasValue: Bool
        /// The record without its length.
        var bytes: UnsafeRawBufferPointer
    }

    /// How far a batch may grow when it is decompressed.
    static let decompressedLimit = 256 << 20

    /// Goes through the records until `body` returns false.
    ///
    /// - Throws: ``CodecError`` when the batch is not what its header says.
    static func forEach(
        _ header: RecordBatchHeader, _ batch: UnsafeRawBufferPointer, _ body: (Record) -> Bool
    ) throws(CodecError) {
        guard batch.count >= RecordBatchHeader.size else { throw .truncated }
        let payload = UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.size...])
        guard header.codec != 0 else {
            return try forEach(header.recordCount, ByteReader(payload), body)
        }
        let plain: [UInt8]
        do throws(CompressionError) {
            plain = try decompress(payload, codec: header.codec)
        } catch {
            throw .malformed("a batch that can't be decompressed")
        }
        try plain.withUnsafeBufferPointer { (buffer) throws(CodecError) in
            try forEach(
                header.recordCount, ByteReader(UnsafeRawBufferPointer(buffer)), body)
        }
    }

    private static func forEach(
        _ count: Int32, _ bytes: ByteReader, _ body: (Record) -> Bool
    ) throws(CodecError) {
        var reader = bytes
        for _ in 0..<count {
            let length = try reader.zigzag()
            guard length >= 0, length <= reader.remaining else { throw .truncated }
            let bytes = try reader.raw(Int(length))
            var record = ByteReader(bytes)
            _ = try record.integer(UInt8.self)
            let timestampDelta = try record.zigzag()
            let offsetDelta = try record.zigzag()
            let keyLength = try record.zigzag()
            let key = keyLength < 0 ? nil : try record.raw(Int(keyLength))
            let hasValue = try record.zigzag() >= 0
            let found = Record(
                timestampDelta: timestampDelta, offsetDelta: offsetDelta, key: key,
                hasValue: hasValue, bytes: bytes)
            guard body(found) else { return }
        }
    }

    static func everyRecordHasKey(
        _ header: RecordBatchHeader, _ batch: UnsafeRawBufferPointer
    ) -> Bool {
        var all = true
        do throws(CodecError) {
            try forEach(header, batch) { record in
                if record.key == nil { all = false }
                return all
            }
        } catch {
            return false
        }
        return all
    }

    static func everyTimestamp(
        _ header: RecordBatchHeader, _ batch: UnsafeRawBufferPointer, isIn range: ClosedRange<Int64>
    ) -> Bool {
        var all = true
        do throws(CodecError) {
            try forEach(header, batch) { record in
                let time = header.baseTimestamp.addingReportingOverflow(record.timestampDelta)
                if time.overflow || !range.contains(time.partialValue) { all = false }
                return all
            }
        } catch {
            return false
        }
        return all
    }

    /// The checksum of a batch whose header has been changed.
    static func checksum(
        _ header: RecordBatchHeader, _ batch: UnsafeRawBufferPointer
    ) -> UInt32 {
        var writer = ByteWriter(capacity: RecordBatchHeader.size)
        header.write(into: &writer)
        var crc = CRC32C()
        writer.bytes.withUnsafeBytes { bytes in
            crc.update(
                UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.checksummedFrom...]))
        }
        crc.update(UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.size...]))
        return crc.value
    }

    private static func decompress(
        _ bytes: UnsafeRawBufferPointer, codec: Int
    ) throws(CompressionError) -> [UInt8] {
        switch codec {
        case 1: return try Codec.gzip.decompress(bytes, limit: decompressedLimit)
        case 2: return try snappy(bytes)
        case 3: return try Codec.lz4.decompress(bytes, limit: decompressedLimit)
        case 4: return try Codec.zstd.decompress(bytes, limit: decompressedLimit)
        default: throw .malformed("codec \(codec)")
        }
    }

    /// The magic number of the framing that snappy-java puts around its blocks.
    private static let snappyJava: [UInt8] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]

    /// Snappy as Kafka's clients write it: bare, or in blocks with snappy-java's framing.
    private static func snappy(
        _ bytes: UnsafeRawBufferPointer
    ) throws(CompressionError) -> [UInt8] {
        guard bytes.count >= 16, bytes.prefix(8).elementsEqual(snappyJava) else {
            return try Codec.snappy.decompress(bytes, limit: decompressedLimit)
        }
        var plain: [UInt8] = []
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[16...]))
        while !reader.isAtEnd {
            guard let length = try? reader.bigEndian(Int32.self),
                let block = try? reader.raw(Int(length))
            else { throw .malformed("snappy: the bytes end inside a block") }
            plain += try Codec.snappy.decompress(
                block, limit: decompressedLimit - plain.count)
        }
        return plain
    }
}
