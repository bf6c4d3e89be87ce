internal import BrokerModel
internal import Records

/// The segments of one partition, in a folder of its own, together with the state of its log.
///
/// Batches are appended as they came; only base offset and leader epoch are stamped. A snapshot of
/// the log's state marks an offset below which everything was synced: opening the partition starts
/// from the newest snapshot, walks the batches behind it, checks them and cuts off a torn tail.
final class PartitionStore {
    let directory: String
    let files: any FileLayer
    private(set) var segments: [Segment] = []
    var log = PartitionLog()
    private var rollSnapshot: PartitionLog?
    private var hasNewNames = false
    /// Below this offset everything is durable and in a snapshot.
    private(set) var recoveryPoint: Int64 = 0
    /// How far compaction has come.
    private(set) var compaction = CompactionState()
    /// Bytes that recovery cut off when the partition was opened.
    private(set) var truncatedBytes: Int64 = 0

    /// Whether names must be durable before batches are acknowledged.
    var isDurable: Bool

    init(directory: String, files: any FileLayer, isDurable: Bool) {
        self.directory = directory
        self.files = files
        self.isDurable = isDurable
    }

    /// The segment that batches are appended to.
    var active: Segment? { segments.last }
    /// Bytes of all segments.
    var size: Int64 { segments.reduce(0) { $0 + $1.size } }

    // MARK: Appending

    /// Appends a batch that was admitted at the end of the log; nothing changes on an error.
    ///
    /// - Parameters:
    ///   - header: the header with the offset and leader epoch that the batch gets.
    ///   - batch: the whole batch as it came.
    func append(
        _ header: RecordBatchHeader, batch: UnsafeRawBufferPointer, config: TopicConfig, now: Int64
    ) throws(FileError) {
        let segment = try segmentForAppending(header, config: config, now: now)
        var stamp = ByteWriter(capacity: RecordBatchHeader.size)
        header.write(into: &stamp)
        let stamped = stamp.bytes
        try stamped.withUnsafeBufferPointer { (head) throws(FileError) in
            try segment.append(
                header, stamped: UnsafeRawBufferPointer(head),
                rest: UnsafeRawBufferPointer(rebasing: batch[head.count...]),
                interval: config.indexInterval, now: now)
        }
    }

    private func segmentForAppending(
        _ header: RecordBatchHeader, config: TopicConfig, now: Int64
    ) throws(FileError) -> Segment {
        if let active {
            let count = Int64(header.byteCount)
            let isFull = active.size > 0 && active.size + count > config.segmentBytes
            let age = active.age(at: header, now: now)
            if !isFull, age < config.segmentMilliseconds { return active }
        }
        return try roll()
    }

    /// The state at the last roll, once.
    func takeRollSnapshot() -> PartitionLog? {
        defer { rollSnapshot = nil }
        return rollSnapshot
    }

    /// Whether segments were made whose names are not known to be durable, once.
    func takeNewNames() -> Bool {
        defer { hasNewNames = false }
        return hasNewNames
    }

    /// Everything below is durable and in a snapshot.
    func noteRecoveryPoint(_ offset: Int64) { recoveryPoint = max(recoveryPoint, offset) }

    /// Begins a new segment at the end of the log.
    @discardableResult
    func roll() throws(FileError) -> Segment {
        if let active {
            if active.size == 0 { return active }
            try? files.replace(active.indexPath, with: sealed(active.index), durable: false)
        }
        if !segments.isEmpty { rollSnapshot = log }
        let path = directory + "/" + Segment.name(log.endOffset) + ".log"
        let segment = try Segment(baseOffset: log.endOffset, path: path, files: files)
        if isDurable { try files.syncDirectory(directory) } else { hasNewNames = true }
        segments.append(segment)
        return segment
    }

    // MARK: Reading

    /// Where batches lie: a run of bytes of one segment.
    struct Slice {
        var segment: Segment
        var range: Range<Int64>
        /// The offset behind the last batch.
        var nextOffset: Int64
    }

    private func segmentIndex(of offset: Int64) -> Int? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].baseOffset <= offset { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? (segments.isEmpty ? nil : 0) : low - 1
    }

    /// The batches from the one that holds `offset` on, below `end`: at most `maximum` bytes, but
    /// at least one batch if `mustHaveOne`.
    func slice(
        from offset: Int64, below end: Int64, maximum: Int, mustHaveOne: Bool
    ) throws(FileError) -> Slice? {
        guard offset < end, var index = segmentIndex(of: offset) else { return nil }
        while index < segments.count {
            let segment = segments[index]
            if let slice = try slice(
                of: segment, from: offset, below: end, maximum: maximum, mustHaveOne: mustHaveOne)
            {
                return slice.range.isEmpty ? nil : slice
            }
            index += 1
        }
        return nil
    }

    private func slice(
        of segment: Segment, from offset: Int64, below end: Int64, maximum: Int, mustHaveOne: Bool
    ) throws(FileError) -> Slice? {
        var first: (position: Int64, header: RecordBatchHeader)?
        try segment.walk(from: segment.index.position(atOrBefore: offset), to: segment.size) {
            (header, position, _) in
            guard header.lastOffset >= offset else { return true }
            first = (position, header)
            return false
        }
        guard let first, first.header.baseOffset < end else { return nil }
        let start = first.position
        var stop = start
        var next = offset
        let limit = start + Int64(max(0, maximum))
        if start + Int64(first.header.byteCount) <= limit || mustHaveOne {
            stop = start + Int64(first.header.byteCount)
            next = first.header.lastOffset + 1
        } else {
            return Slice(segment: segment, range: start..<start, nextOffset: offset)
        }
        // From the last indexed batch below both bounds on, batch by batch.
        let jump = min(
            segment.index.boundary(atOrBefore: limit), segment.index.position(atOrBefore: end))
        try segment.walk(from: max(stop, jump), to: segment.size) { header, position, _ in
            guard position + Int64(header.byteCount) <= limit, header.lastOffset < end else {
                if position <= limit, header.baseOffset <= end { stop = max(stop, position) }
                return false
            }
            stop = position + Int64(header.byteCount)
            next = header.lastOffset + 1
            return true
        }
        return Slice(segment: segment, range: start..<stop, nextOffset: next)
    }

    // MARK: Deleting

    /// Drops whole segments below `offset`, never the active one; returns what could not be removed.
    ///
    /// That they are to go must be durable.
    func dropSegments(below offset: Int64) -> [FileError] {
        var errors: [FileError] = []
        while segments.count > 1, segments[1].baseOffset <= offset {
            let segment = segments.removeFirst()
            for path in [segment.path, segment.indexPath] {
                do throws(FileError) { try files.remove(path) } catch { errors.append(error) }
            }
        }
        return errors
    }

    /// Sets the segments while the partition is opened.
    func adopt(_ segments: [Segment], truncated: Int64) {
        self.segments = segments
        truncatedBytes = truncated
    }

    /// Puts another segment in the place of one, or none.
    func replace(_ segment: Segment, by new: Segment?) {
        guard let index = segments.firstIndex(where: { $0 === segment }) else { return }
        if let new { segments[index] = new } else { segments.remove(at: index) }
    }

    /// Sets how far compaction has come.
    func adopt(_ state: CompactionState) { compaction = state }
}
