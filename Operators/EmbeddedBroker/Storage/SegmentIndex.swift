internal import Records

/// The sparse index of one segment: every so many bytes, which batch begins where, and the greatest
/// timestamp up to there.
struct SegmentIndex {
    struct Entry: Hashable {
        /// The base offset of a batch.
        var offset: Int64
        /// Where it begins in the file.
        var position: Int64
        /// The greatest timestamp of all batches before it.
        var timestampBefore: Int64
    }

    private(set) var entries: [Entry] = []
    /// The greatest timestamp of the segment, -1 without records.
    private(set) var greatestTimestamp: Int64 = -1
    /// The timestamp of the first batch, -1 when it has none or an older broker wrote the index.
    private(set) var firstTimestamp: Int64 = -1
    /// The size of the file that this is the index of.
    var coveredBytes: Int64 = 0
    private var indexedUpTo: Int64 = .min

    /// How many bytes lie between two entries at least, unless the topic says otherwise.
    static let interval: Int64 = 8 << 10

    /// Notes a batch; the timestamp of a marker counts for the first batch only.
    mutating func note(
        offset: Int64, position: Int64, timestamp: Int64, isControl: Bool, interval: Int64
    ) {
        if entries.isEmpty { firstTimestamp = timestamp }
        if entries.isEmpty || position - indexedUpTo >= interval {
            entries.append(
                Entry(offset: offset, position: position, timestampBefore: greatestTimestamp))
            indexedUpTo = position
        }
        if !isControl { greatestTimestamp = max(greatestTimestamp, timestamp) }
    }

    /// The last entry whose key is at most the wanted one, 0 if none.
    private func last(where holds: (Entry) -> Bool) -> Int64 {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if holds(entries[middle]) { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? 0 : entries[low - 1].position
    }

    /// A batch boundary at or before the batch that holds `offset`.
    func position(atOrBefore offset: Int64) -> Int64 { last { $0.offset <= offset } }

    /// A batch boundary at or before a place in the file.
    func boundary(atOrBefore position: Int64) -> Int64 { last { $0.position <= position } }

    /// A batch boundary before which nothing is as new as `timestamp`.
    func position(beforeTimestamp timestamp: Int64) -> Int64 {
        last { $0.timestampBefore < timestamp }
    }

    /// Forgets batches from a place in the file on.
    mutating func truncate(to position: Int64) {
        entries.removeAll { $0.position >= position }
        indexedUpTo = entries.last?.position ?? .min
    }
}

extension SegmentIndex: BinaryCodable {
    init(from reader: inout ByteReader) throws(CodecError) {
        greatestTimestamp = try reader.integer()
        coveredBytes = try reader.integer()
        for _ in 0..<(try reader.count(minimumSize: 24)) {
            entries.append(
                Entry(
                    offset: try reader.integer(), position: try reader.integer(),
                    timestampBefore: try reader.integer()))
        }
        indexedUpTo = entries.last?.position ?? .min
        firstTimestamp = reader.isAtEnd ? -1 : try reader.integer()
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(greatestTimestamp)
        writer.integer(coveredBytes)
        writer.varint(UInt64(entries.count))
        for entry in entries {
            writer.integer(entry.offset)
            writer.integer(entry.position)
            writer.integer(entry.timestampBefore)
        }
        writer.integer(firstTimestamp)
    }
}
