internal import CRdKafka
internal import Records

/// Which batches are under way, counted down by librdkafka's delivery reports.
///
/// A record carries the number of its batch's slot as its opaque pointer. Lives on the writer's
/// thread: librdkafka calls back from within `poll` and `flush`.
final class DeliveryLedger {
    private struct Slot {
        var token: UInt64
        var remaining: Int
        var error: DataflowError?
    }

    private var slots: [Slot] = []
    private var free: [Int] = []
    private var reports: [DeliveryReport] = []
    // Reports of neighbouring records mostly belong to one batch: they are counted down together.
    private var runSlot = -1
    private var runLength = 0

    /// Topics that have refused records for their size.
    private(set) var refusingTopics: Set<String> = []
    private(set) var outstandingRecords = 0
    private(set) var outstandingBytes = 0

    /// The first failure that ``takeReports()`` has not handed out yet.
    var failure: DataflowError? {
        for report in reports { if let error = report.error { return error } }
        return nil
    }

    /// Opens a slot for a batch.
    func open(token: UInt64, records: Int) -> Int {
        let slot = Slot(token: token, remaining: records, error: nil)
        outstandingRecords += records
        guard let index = free.popLast() else {
            slots.append(slot)
            return slots.count - 1
        }
        slots[index] = slot
        return index
    }

    /// Counts the bytes of records that librdkafka took.
    func took(bytes: Int) { outstandingBytes += bytes }

    /// The opaque pointer of a slot's records.
    static func opaque(_ slot: Int) -> UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: slot + 1)
    }

    /// Takes in what became of one record.
    func delivered(_ message: UnsafePointer<rd_kafka_message_t>) {
        let slot = Int(bitPattern: message.pointee._private) - 1
        outstandingRecords -= 1
        outstandingBytes -= message.pointee.len + message.pointee.key_len
        if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR { fail(slot, message) }
        if slot == runSlot {
            runLength += 1
        } else {
            settleRun()
            runSlot = slot
            runLength = 1
        }
    }

    private func fail(_ slot: Int, _ message: UnsafePointer<rd_kafka_message_t>) {
        guard slots.indices.contains(slot), slots[slot].error == nil else { return }
        let place = message.pointee.rkt.map {
            TopicPartition(
                topic: String(cString: rd_kafka_topic_name($0)),
                partition: message.pointee.partition)
        }
        var error = KafkaFailure.error(
            message.pointee.err, "writing a record", partition: place)
        if let place, KafkaFailure.isOfSize(message.pointee.err) {
            // The topic takes less than it did; whoever reads the records again asks how much.
            refusingTopics.insert(place.topic)
            error.retry = .restart
        }
        slots[slot].error = error
    }

    /// Ends everything that is under way, of which nobody will hear any more.
    func endAll(_ error: DataflowError) -> [DeliveryReport] {
        settleRun()
        for slot in slots.indices where slots[slot].remaining > 0 {
            abandon(slot, records: slots[slot].remaining, error)
        }
        return takeReports()
    }

    /// Ends a batch of which the rest was never handed over.
    func abandon(_ slot: Int, records: Int, _ error: DataflowError) {
        outstandingRecords -= records
        if slots[slot].error == nil { slots[slot].error = error }
        settle(slot, records)
    }

    /// Counts down what ``delivered(_:)`` has gathered.
    func settleRun() {
        if runLength > 0 { settle(runSlot, runLength) }
        runSlot = -1
        runLength = 0
    }

    private func settle(_ slot: Int, _ count: Int) {
        guard slots.indices.contains(slot) else { return }
        slots[slot].remaining -= count
        guard slots[slot].remaining <= 0 else { return }
        reports.append(DeliveryReport(token: slots[slot].token, error: slots[slot].error))
        slots[slot].error = nil
        free.append(slot)
    }

    /// Reports a batch that has no records.
    func reportEmpty(token: UInt64) { reports.append(DeliveryReport(token: token)) }

    /// The reports since the last call.
    func takeReports() -> [DeliveryReport] {
        settleRun()
        guard !reports.isEmpty else { return [] }
        defer { reports = [] }
        return reports
    }
}
