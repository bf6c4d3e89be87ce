import BrokerModel
import Records
import Testing

@Suite("A partition's log")
struct PartitionLogTests {
    private func header(
        base: Int64 = 0, count: Int32 = 1, producer: Int64 = -1, epoch: Int16 = -1,
        sequence: Int32 = -1, attributes: Int16 = 0
    ) -> RecordBatchHeader {
        RecordBatchHeader(
            baseOffset: base, batchLength: 60, attributes: attributes, lastOffsetDelta: count - 1,
            baseTimestamp: 1, maxTimestamp: 1, producerID: producer, producerEpoch: epoch,
            baseSequence: sequence, recordCount: count)
    }

    /// Admits a batch and appends it if it may be.
    @discardableResult
    private func send(
        _ log: inout PartitionLog, _ header: RecordBatchHeader
    ) -> PartitionLog.Admission {
        let admission = log.admit(header)
        if case .append(let base) = admission {
            var header = header
            header.baseOffset = base
            log.append(header)
            log.raiseHighWatermark(to: log.endOffset)
        }
        return admission
    }

    private func end(_ log: inout PartitionLog, producer: Int64, epoch: Int16, commit: Bool) {
        let marker = header(
            base: log.endOffset, producer: producer, epoch: epoch, attributes: 0x30)
        log.append(marker, commits: commit)
        log.raiseHighWatermark(to: log.endOffset)
    }

    @Test("recognises the last five batches of a producer, and no more, also after a restart")
    func duplicates() throws {
        var log = PartitionLog()
        for number in 0..<6 {
            send(&log, header(count: 2, producer: 7, epoch: 0, sequence: Int32(number * 2)))
        }
        log = try PartitionLog(decoding: log.encoded)
        for number in 1..<6 {
            let again = log.admit(
                header(count: 2, producer: 7, epoch: 0, sequence: Int32(number * 2)))
            let base = Int64(number * 2)
            #expect(again == .duplicate(baseOffset: base, lastOffset: base + 1, timestamp: 1))
        }
        let oldest = log.admit(header(count: 2, producer: 7, epoch: 0, sequence: 0))
        #expect(oldest == .refuse(.outOfOrderSequenceNumber))
    }

    @Test("refuses gaps, old epochs, and a new epoch that does not begin at 0")
    func sequences() {
        var log = PartitionLog()
        send(&log, header(producer: 7, epoch: 1, sequence: 0))
        #expect(
            log.admit(header(producer: 7, epoch: 1, sequence: 2))
                == .refuse(.outOfOrderSequenceNumber))
        #expect(
            log.admit(header(producer: 7, epoch: 0, sequence: 1))
                == .refuse(.invalidProducerEpoch))
        #expect(
            log.admit(header(producer: 7, epoch: 2, sequence: 1))
                == .refuse(.outOfOrderSequenceNumber))
        #expect(log.admit(header(producer: 7, epoch: 2, sequence: 0)) == .append(baseOffset: 1))
        #expect(log.admit(header(producer: 8, epoch: 0, sequence: 5)) == .append(baseOffset: 1))
    }

    @Test("goes on with sequence number 0 behind 2³¹-1")
    func wrap() {
        var log = PartitionLog()
        send(&log, header(count: 2, producer: 7, epoch: 0, sequence: .max - 1))
        #expect(send(&log, header(producer: 7, epoch: 0, sequence: 0)) == .append(baseOffset: 2))
    }

    @Test("refuses markers and batches whose count and deltas disagree")
    func malformed() {
        let log = PartitionLog()
        #expect(log.admit(header(attributes: 0x20)) == .refuse(.invalidRecord))
        var wrong = header(count: 3)
        wrong.recordCount = 2
        #expect(log.admit(wrong) == .refuse(.invalidRecord))
    }

    @Test("holds the last stable offset at the first open transaction, also after a restart")
    func lastStableOffset() throws {
        var log = PartitionLog()
        send(&log, header())
        send(&log, header(producer: 1, epoch: 0, sequence: 0, attributes: 0x10))
        send(&log, header(producer: 2, epoch: 0, sequence: 0, attributes: 0x10))
        #expect(log.lastStableOffset == 1)
        log = try PartitionLog(decoding: log.encoded)
        #expect(log.lastStableOffset == 1)
        end(&log, producer: 1, epoch: 0, commit: true)
        #expect(log.lastStableOffset == 2)
        end(&log, producer: 2, epoch: 0, commit: false)
        #expect(log.lastStableOffset == 5)
        #expect(
            log.aborted(in: 0..<5)
                == [AbortedTransaction(producerID: 2, firstOffset: 2, lastOffset: 4)])
        log = try PartitionLog(decoding: log.encoded)
        #expect(log.aborted(in: 2..<3).count == 1)
        #expect(log.aborted(in: 0..<2).isEmpty)
    }

    @Test("keeps an ended transaction unstable until its marker is shown to readers")
    func unflushedMarker() {
        var log = PartitionLog()
        send(&log, header(producer: 1, epoch: 0, sequence: 0, attributes: 0x10))
        log.append(
            header(base: 1, producer: 1, epoch: 0, attributes: 0x30), commits: true)
        #expect(log.lastStableOffset == 0)
        log.raiseHighWatermark(to: 2)
        #expect(log.lastStableOffset == 2)
    }

    @Test(
        "forgets aborted transactions below its start, and never lets the stable offset fall back")
    func deletion() {
        var log = PartitionLog()
        send(&log, header(producer: 1, epoch: 0, sequence: 0, attributes: 0x10))
        end(&log, producer: 1, epoch: 0, commit: false)
        send(&log, header(producer: 1, epoch: 0, sequence: 1, attributes: 0x10))
        send(&log, header())
        log.raiseStart(to: 3)
        #expect(log.aborted(in: 0..<10).isEmpty)
        #expect(log.lastStableOffset == 3)
    }

    @Test("lets a marker fence older epochs of its producer")
    func markerEpoch() {
        var log = PartitionLog()
        send(&log, header(producer: 1, epoch: 0, sequence: 0, attributes: 0x10))
        end(&log, producer: 1, epoch: 1, commit: false)
        #expect(
            log.admit(header(producer: 1, epoch: 0, sequence: 1, attributes: 0x10))
                == .refuse(.invalidProducerEpoch))
        #expect(log.admitMarker(producerID: 1, epoch: 0) == .invalidProducerEpoch)
        #expect(
            log.admit(header(producer: 1, epoch: 1, sequence: 0, attributes: 0x10))
                == .append(baseOffset: 2))
    }
}
