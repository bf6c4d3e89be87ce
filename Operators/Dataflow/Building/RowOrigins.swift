internal import Records
internal import State

/// Which records the rows of one table came of, for those rows that a database will refuse.
///
/// The records' bytes are copied, as they are gone when the refusal is known; within a bound, beyond which a
/// dead letter carries the row in their place.
struct RowOrigins: Sendable {
    /// The most bytes of records that the rows of a table keep until their commit.
    static let maximumBytes = 16 << 20

    /// One row's.
    struct Entry: Sendable {
        /// Which operator wrote it: an index into ``RowOrigins/writers``.
        var writer: Int
        /// When the record happened.
        var time: EventTime
        /// The record's place; nil for a row that came of several records.
        var place: RecordPosition?
        /// Whether the record's bytes are kept.
        var isKept = false
        var key: Range<Int>?
        var value: Range<Int>?
    }

    private(set) var writers: [OperatorID] = []
    private(set) var entries: [Entry] = []
    private(set) var bytes: [UInt8] = []

    /// Registers an operator that writes the table.
    mutating func writer(_ id: OperatorID) -> Int {
        if let index = writers.firstIndex(of: id) { return index }
        writers.append(id)
        return writers.count - 1
    }

    /// Notes where the next row came from.
    mutating func note(
        by writer: Int, at time: EventTime, _ place: RecordPosition?, _ record: RecordView?
    ) {
        var entry = Entry(writer: writer, time: time, place: place)
        if let record {
            let size = (record.key?.count ?? 0) + (record.value?.count ?? 0)
            if bytes.count + size <= RowOrigins.maximumBytes {
                entry.isKept = true
                entry.key = append(record.key)
                entry.value = append(record.value)
            }
        }
        entries.append(entry)
    }

    private mutating func append(_ part: UnsafeRawBufferPointer?) -> Range<Int>? {
        guard let part else { return nil }
        let start = bytes.count
        bytes.append(contentsOf: part)
        return start..<bytes.count
    }

    /// Forgets the rows and keeps the memory.
    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}
