package import Records

/// The state of one partition's log without its bytes: offsets, producers and transactions.
///
/// A driver asks ``admit(_:)`` where a batch goes, writes the bytes there, and then tells
/// ``append(_:)``. Opening a log replays `append` over the headers found on disk, so the state
/// after a restart is by construction the state before it. The rules are Kafka's (KIP-98, KIP-360).
package struct PartitionLog: Sendable {
    /// The first offset that may be read.
    package private(set) var startOffset: Int64 = 0
    /// The offset that the next record gets.
    package private(set) var endOffset: Int64 = 0
    /// Up to here, exclusively, records are shown to readers: what is as durable as the topic
    /// promises.
    package private(set) var highWatermark: Int64 = 0
    /// The leader epoch stamped on batches.
    package private(set) var leaderEpoch: Int32 = 0

    private(set) var producers: [Int64: ProducerState] = [:]
    /// First offsets of open transactions, ascending.
    private var open: [(firstOffset: Int64, producerID: Int64)] = []
    /// Ended transactions whose markers lie at or above the high watermark, by marker.
    private var ending: [(firstOffset: Int64, lastOffset: Int64)] = []
    /// Ascending by the offset of the marker.
    private(set) var aborted: [AbortedTransaction] = []

    package init(leaderEpoch: Int32 = 0) {
        self.leaderEpoch = leaderEpoch
    }

    /// What is to be done with a batch.
    package enum Admission: Hashable, Sendable {
        /// It goes to the end of the log, at this base offset.
        case append(baseOffset: Int64)
        /// It is there already, at these offsets, appended at this time.
        case duplicate(baseOffset: Int64, lastOffset: Int64, timestamp: Int64)
        /// It must not be appended.
        case refuse(ErrorCode)
    }

    /// Decides on a batch that a client sends; changes nothing.
    package func admit(_ header: RecordBatchHeader) -> Admission {
        if header.isControl { return .refuse(.invalidRecord) }
        guard header.recordCount > 0, header.recordCount == header.lastOffsetDelta + 1 else {
            return .refuse(.invalidRecord)
        }
        guard header.producerID >= 0 else {
            return header.isTransactional
                ? .refuse(.invalidRecord) : .append(baseOffset: endOffset)
        }
        guard header.producerEpoch >= 0, header.baseSequence >= 0 else {
            return .refuse(.invalidRecord)
        }
        guard let producer = producers[header.producerID] else {
            // Nothing is known of it, perhaps because its records were deleted: any sequence goes.
            return .append(baseOffset: endOffset)
        }
        if let known = producer.duplicate(of: header) {
            return .duplicate(
                baseOffset: known.baseOffset, lastOffset: known.lastOffset,
                timestamp: known.timestamp)
        }
        if header.producerEpoch < producer.epoch { return .refuse(.invalidProducerEpoch) }
        if header.producerEpoch > producer.epoch {
            return header.baseSequence == 0
                ? .append(baseOffset: endOffset) : .refuse(.outOfOrderSequenceNumber)
        }
        let expected =
            producer.lastSequence < 0 ? 0 : ProducerState.sequence(producer.lastSequence, plus: 1)
        guard header.baseSequence == expected else { return .refuse(.outOfOrderSequenceNumber) }
        if producer.openTransaction != nil, !header.isTransactional {
            return .refuse(.invalidTxnState)
        }
        return .append(baseOffset: endOffset)
    }

    /// Whether the marker of a transaction's outcome may be appended.
    package func admitMarker(producerID: Int64, epoch: Int16) -> ErrorCode {
        guard let producer = producers[producerID], epoch < producer.epoch else { return .none }
        return .invalidProducerEpoch
    }

    /// Takes note of a batch that stands at the end of the log.
    ///
    /// - Parameter commits: for a marker, whether it commits.
    package mutating func append(_ header: RecordBatchHeader, commits: Bool = false) {
        if header.producerID >= 0 {
            if header.isControl {
                noteMarker(header, commits: commits)
            } else {
                noteBatch(header)
            }
        }
        endOffset = max(endOffset, header.lastOffset + 1)
    }

    private mutating func noteBatch(_ header: RecordBatchHeader) {
        let id = header.producerID
        var producer =
            producers[id]
            ?? ProducerState(
                producerID: id, epoch: header.producerEpoch, timestamp: header.maxTimestamp)
        producer.note(header)
        if header.isTransactional, producer.openTransaction == nil {
            producer.openTransaction = header.baseOffset
            open.append((header.baseOffset, id))
        }
        producers[id] = producer
    }

    private mutating func noteMarker(_ header: RecordBatchHeader, commits: Bool) {
        let id = header.producerID
        var producer =
            producers[id]
            ?? ProducerState(
                producerID: id, epoch: header.producerEpoch, timestamp: header.maxTimestamp)
        if header.producerEpoch > producer.epoch { producer.raise(to: header.producerEpoch) }
        producer.lastTimestamp = max(producer.lastTimestamp, header.maxTimestamp)
        if let first = producer.openTransaction {
            producer.openTransaction = nil
            open.removeAll { $0.producerID == id }
            ending.append((first, header.baseOffset))
            if !commits {
                aborted.append(
                    AbortedTransaction(
                        producerID: id, firstOffset: first, lastOffset: header.baseOffset))
            }
        }
        producers[id] = producer
    }

    /// Shows readers everything below `offset`.
    package mutating func raiseHighWatermark(to offset: Int64) {
        highWatermark = max(highWatermark, min(offset, endOffset))
        ending.removeAll { $0.lastOffset < highWatermark }
    }

    /// Below this offset every transaction is decided, and durably so (KIP-98).
    package var lastStableOffset: Int64 {
        var stable = highWatermark
        if let first = open.first { stable = min(stable, first.firstOffset) }
        for transaction in ending { stable = min(stable, transaction.firstOffset) }
        return max(stable, min(startOffset, highWatermark))
    }

    /// Forgets what lies below `offset`: retention or DeleteRecords.
    package mutating func raiseStart(to offset: Int64) {
        guard offset > startOffset else { return }
        startOffset = offset
        endOffset = max(endOffset, offset)
        highWatermark = max(highWatermark, min(offset, endOffset))
        aborted.removeAll { $0.lastOffset < offset }
    }

    /// Goes on at `offset`: what lay below was given out once and is gone.
    package mutating func raiseEnd(to offset: Int64) {
        endOffset = max(endOffset, offset)
    }

    /// The aborted transactions that have records in `offsets`, by first offset.
    package func aborted(in offsets: Range<Int64>) -> [AbortedTransaction] {
        var low = 0
        var high = aborted.count
        while low < high {
            let middle = (low + high) / 2
            if aborted[middle].lastOffset < offsets.lowerBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return aborted[low...].filter { $0.firstOffset < offsets.upperBound }
            .sorted { ($0.firstOffset, $0.producerID) < ($1.firstOffset, $1.producerID) }
    }

    /// Whether the producer has a transaction open here.
    package func hasOpenTransaction(producerID: Int64) -> Bool {
        producers[producerID]?.openTransaction != nil
    }

    /// The producers with an open transaction: id, epoch, first offset.
    package var openTransactions: [(producerID: Int64, epoch: Int16, firstOffset: Int64)] {
        open.map { ($0.producerID, producers[$0.producerID]?.epoch ?? 0, $0.firstOffset) }
    }

    /// All producers that are known, by id.
    package var activeProducers: [ProducerState] {
        producers.values.sorted { $0.producerID < $1.producerID }
    }

    /// Forgets producers without an open transaction that wrote nothing since `time`.
    package mutating func expireProducers(before time: Int64) {
        producers = producers.filter {
            $0.value.openTransaction != nil || $0.value.lastTimestamp >= time
        }
    }
}

extension PartitionLog: BinaryCodable {
    package init(from reader: inout ByteReader) throws(CodecError) {
        startOffset = try reader.integer()
        endOffset = try reader.integer()
        highWatermark = endOffset
        leaderEpoch = try reader.integer()
        // Here stood the greatest timestamp, which the segments know.
        for _ in 0..<2 { _ = try reader.integer(Int64.self) }
        for producer in try [ProducerState](from: &reader) {
            producers[producer.producerID] = producer
            if let first = producer.openTransaction {
                open.append((first, producer.producerID))
            }
        }
        open.sort { $0.firstOffset < $1.firstOffset }
        aborted = try [AbortedTransaction](from: &reader)
    }

    package func encode(into writer: inout ByteWriter) {
        writer.integer(startOffset)
        writer.integer(endOffset)
        writer.integer(leaderEpoch)
        for _ in 0..<2 { writer.integer(-1 as Int64) }
        activeProducers.encode(into: &writer)
        aborted.encode(into: &writer)
    }
}
