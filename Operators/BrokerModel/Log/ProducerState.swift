package import Records

/// What a partition knows of one producer: enough to recognise its last five batches (KIP-98) and
/// to say where its open transaction began.
package struct ProducerState: Hashable, Sendable {
    /// A batch that was appended.
    package struct Batch: Hashable, Sendable {
        package var baseSequence: Int32
        package var lastSequence: Int32
        package var baseOffset: Int64
        package var lastOffset: Int64
        package var timestamp: Int64
    }

    package var producerID: Int64
    package var epoch: Int16
    /// The newest batches of this epoch, oldest first.
    package private(set) var batches: [Batch] = []
    package var lastTimestamp: Int64
    package var coordinatorEpoch: Int32 = -1
    /// The offset of the open transaction's first batch.
    package var openTransaction: Int64?

    /// How many batches of a producer are recognised when they come again, as in Kafka.
    package static let recognisedBatches = 5

    package init(producerID: Int64, epoch: Int16, timestamp: Int64) {
        self.producerID = producerID
        self.epoch = epoch
        lastTimestamp = timestamp
    }

    /// The sequence number `delta` behind another; after 2³¹-1 comes 0.
    package static func sequence(_ sequence: Int32, plus delta: Int32) -> Int32 {
        Int32((Int64(sequence) + Int64(delta)) & 0x7fff_ffff)
    }

    /// The last sequence number, -1 when the epoch has none.
    package var lastSequence: Int32 { batches.last?.lastSequence ?? -1 }

    /// The batch that has come again, if it is among the last five.
    package func duplicate(of header: RecordBatchHeader) -> Batch? {
        guard header.producerEpoch == epoch else { return nil }
        return batches.first {
            $0.baseSequence == header.baseSequence && $0.lastSequence == header.lastSequence
        }
    }

    /// Notes an appended batch.
    package mutating func note(_ header: RecordBatchHeader) {
        raise(to: header.producerEpoch)
        if batches.count == ProducerState.recognisedBatches { batches.removeFirst() }
        batches.append(
            Batch(
                baseSequence: header.baseSequence, lastSequence: header.lastSequence,
                baseOffset: header.baseOffset, lastOffset: header.lastOffset,
                timestamp: header.maxTimestamp))
        lastTimestamp = max(lastTimestamp, header.maxTimestamp)
    }

    /// Begins a new epoch, which has no batches yet.
    package mutating func raise(to epoch: Int16) {
        guard epoch != self.epoch else { return }
        self.epoch = epoch
        batches = []
    }
}

extension ProducerState: BinaryCodable {
    package init(from reader: inout ByteReader) throws(CodecError) {
        producerID = try reader.integer()
        epoch = Int16(bitPattern: try reader.integer(UInt16.self))
        lastTimestamp = try reader.integer()
        coordinatorEpoch = try reader.integer()
        openTransaction = try Int64?(from: &reader)
        let count = try reader.count(minimumSize: 32)
        for _ in 0..<count {
            batches.append(
                Batch(
                    baseSequence: try reader.integer(), lastSequence: try reader.integer(),
                    baseOffset: try reader.integer(), lastOffset: try reader.integer(),
                    timestamp: try reader.integer()))
        }
    }

    package func encode(into writer: inout ByteWriter) {
        writer.integer(producerID)
        writer.integer(UInt16(bitPattern: epoch))
        writer.integer(lastTimestamp)
        writer.integer(coordinatorEpoch)
        openTransaction.encode(into: &writer)
        writer.varint(UInt64(batches.count))
        for batch in batches {
            writer.integer(batch.baseSequence)
            writer.integer(batch.lastSequence)
            writer.integer(batch.baseOffset)
            writer.integer(batch.lastOffset)
            writer.integer(batch.timestamp)
        }
    }
}
