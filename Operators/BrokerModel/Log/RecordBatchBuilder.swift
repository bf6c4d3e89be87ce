internal import Records

/// Makes record batches of version 2 without compression: markers, compacted batches, test data.
package struct RecordBatchBuilder {
    package var header: RecordBatchHeader
    private var records = ByteWriter()

    /// Starts a batch whose first offset is `baseOffset`.
    package init(
        baseOffset: Int64 = 0, timestamp: Int64, attributes: Int16 = 0, producerID: Int64 = -1,
        producerEpoch: Int16 = -1, baseSequence: Int32 = -1
    ) {
        header = RecordBatchHeader(
            baseOffset: baseOffset, batchLength: 0, attributes: attributes, lastOffsetDelta: 0,
            baseTimestamp: timestamp, maxTimestamp: timestamp, producerID: producerID,
            producerEpoch: producerEpoch, baseSequence: baseSequence, recordCount: 0)
    }

    /// Continues a batch with the header of another, without its records.
    package init(like header: RecordBatchHeader) {
        self.header = header
        self.header.attributes &= ~0x07
        self.header.recordCount = 0
    }

    /// Adds a record at `offsetDelta` from the base offset.
    package mutating func append(
        key: [UInt8]?, value: [UInt8]?, offsetDelta: Int32? = nil, timestampDelta: Int64 = 0
    ) {
        let delta = offsetDelta ?? header.recordCount
        var record = ByteWriter(capacity: 16 + (key?.count ?? 0) + (value?.count ?? 0))
        record.integer(0 as UInt8)
        record.zigzag(timestampDelta)
        record.zigzag(Int64(delta))
        for field in [key, value] {
            record.zigzag(Int64(field?.count ?? -1))
            if let field { record.raw(field) }
        }
        record.zigzag(0)
        records.zigzag(Int64(record.count))
        records.raw(record.bytes)
        header.recordCount += 1
        header.lastOffsetDelta = max(header.lastOffsetDelta, delta)
        header.maxTimestamp = max(header.maxTimestamp, header.baseTimestamp + timestampDelta)
    }

    /// Adds a record as it stands in another batch with the same base, without its length.
    package mutating func append(raw record: UnsafeRawBufferPointer) {
        records.zigzag(Int64(record.count))
        records.raw(record)
        header.recordCount += 1
    }

    /// The batch with its length and checksum.
    package func build() -> [UInt8] {
        var header = header
        header.batchLength = Int32(
            clamping: RecordBatchHeader.size - RecordBatchHeader.lengthPrefix + records.count)
        var writer = ByteWriter(capacity: RecordBatchHeader.size + records.count)
        header.write(into: &writer)
        writer.raw(records.bytes)
        header.checksum = writer.bytes.withUnsafeBytes(RecordBatchHeader.computedChecksum)
        writer.patch(header.checksum.bigEndian, at: 17)
        return writer.bytes
    }

    /// A batch that ends the transaction of a producer (KIP-98, "control messages").
    package static func marker(
        baseOffset: Int64, timestamp: Int64, producerID: Int64, producerEpoch: Int16,
        commit: Bool, coordinatorEpoch: Int32
    ) -> [UInt8] {
        var batch = RecordBatchBuilder(
            baseOffset: baseOffset, timestamp: timestamp, attributes: 0x30,
            producerID: producerID, producerEpoch: producerEpoch)
        var key = ByteWriter()
        key.bigEndian(0 as Int16)
        key.bigEndian(commit ? 1 : 0 as Int16)
        var value = ByteWriter()
        value.bigEndian(0 as Int16)
        value.bigEndian(coordinatorEpoch)
        batch.append(key: key.bytes, value: value.bytes)
        return batch.build()
    }
}
