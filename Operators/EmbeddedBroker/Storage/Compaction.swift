internal import BrokerModel
internal import Records

/// Keeps the newest record of each key in the closed segments of a partition, as Kafka's cleaner
/// does for `cleanup.policy=compact`.
///
/// Offsets stay as they are and leave gaps. Markers are kept, records of aborted transactions are
/// not. Each segment is written anew beside the old one and put in its place by a rename, so that a
/// crash at any moment leaves either.
struct Compaction {
    /// What a pass did.
    struct Result: Equatable {
        /// Everything below is clean.
        var cleanedUpTo: Int64
        var bytesBefore: Int64 = 0
        var bytesAfter: Int64 = 0
    }

    /// How many keys one pass looks at; what is beyond waits for the next.
    static let maximumKeys = 1_000_000

    let store: PartitionStore
    let config: TopicConfig
    let now: Int64
    private var newest: [[UInt8]: Int64] = [:]
    private var lastBatchOfProducer: [Int64: Int64] = [:]
    private var end: Int64

    init(store: PartitionStore, config: TopicConfig, now: Int64) {
        self.store = store
        self.config = config
        self.now = now
        end = 0
    }

    /// The closed segments that hold decided records only.
    static func cleanable(_ store: PartitionStore) -> [Segment] {
        let segments = store.segments
        return segments.indices.dropLast().filter {
            segments[$0 + 1].baseOffset <= store.log.lastStableOffset
        }.map { segments[$0] }
    }

    /// Whether enough has come since the last pass.
    static func isDue(_ store: PartitionStore, config: TopicConfig, cleanedUpTo: Int64) -> Bool {
        let candidates = cleanable(store)
        let total = candidates.reduce(0) { $0 + $1.size }
        let dirty = candidates.filter { $0.baseOffset >= cleanedUpTo }.reduce(0) { $0 + $1.size }
        let ratio = Double(config.value("min.cleanable.dirty.ratio")) ?? 0.5
        return dirty > 0 && Double(dirty) >= ratio * Double(total)
    }

    /// Runs one pass.
    mutating func run() throws(FileError) -> Result {
        let segments = Compaction.cleanable(store)
        guard let last = segments.last,
            let index = store.segments.firstIndex(where: { $0 === last })
        else { return Result(cleanedUpTo: 0) }
        end = store.segments[index + 1].baseOffset
        for segment in segments { try survey(segment) }
        for producer in store.log.activeProducers {
            if let batch = producer.batches.last {
                lastBatchOfProducer[producer.producerID] = batch.baseOffset
            }
        }
        var result = Result(cleanedUpTo: end)
        for segment in segments {
            result.bytesBefore += segment.size
            result.bytesAfter += try clean(segment)
        }
        return result
    }

    private func isAborted(_ header: RecordBatchHeader) -> Bool {
        guard header.isTransactional else { return false }
        let range = header.baseOffset..<header.lastOffset + 1
        return store.log.aborted(in: range).contains { $0.producerID == header.producerID }
    }

    /// Notes the newest offset of each key.
    private mutating func survey(_ segment: Segment) throws(FileError) {
        var newest = newest
        var end = end
        try segment.walk(from: 0, to: segment.size, whole: true) { header, _, bytes in
            guard header.baseOffset < end else { return false }
            guard !header.isControl, !isAborted(header) else { return true }
            guard newest.count + Int(header.recordCount) <= Compaction.maximumKeys else {
                end = header.baseOffset
                return false
            }
            try? RecordBatch.forEach(header, bytes) { record in
                if let key = record.key {
                    newest[[UInt8](key)] = header.baseOffset + record.offsetDelta
                }
                return true
            }
            return true
        }
        self.newest = newest
        self.end = end
    }

    /// Writes a segment anew; returns its size.
    private func clean(_ segment: Segment) throws(FileError) -> Int64 {
        let path = segment.path.dropLast(4) + ".cleaned.new"
        try store.files.remove(String(path))
        let clean = try Segment(
            baseOffset: segment.baseOffset, path: segment.path, files: store.files,
            openedAs: String(path))
        var failure: FileError?
        try segment.walk(from: 0, to: segment.size, whole: true) { header, _, bytes in
            do throws(FileError) {
                if let kept = kept(of: header, bytes) {
                    try kept.withUnsafeBufferPointer { (buffer) throws(FileError) in
                        let bytes = UnsafeRawBufferPointer(buffer)
                        guard let header = try? RecordBatchHeader(bytes) else { return }
                        try clean.append(
                            header, stamped: bytes,
                            rest: UnsafeRawBufferPointer(start: nil, count: 0),
                            now: segment.created ?? now)
                    }
                }
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure {
            try? store.files.remove(String(path))
            throw failure
        }
        try clean.file.sync()
        clean.synced = clean.size
        try store.files.remove(segment.indexPath)
        try store.files.rename(String(path), to: segment.path)
        try? store.files.replace(
            segment.indexPath, with: store.sealed(clean.index), durable: false)
        store.replace(segment, by: clean)
        return clean.size
    }

    /// What stays of a batch; nil for nothing.
    private func kept(of header: RecordBatchHeader, _ batch: UnsafeRawBufferPointer) -> [UInt8]? {
        if header.isControl || header.baseOffset >= end { return [UInt8](batch) }
        let isAborted = isAborted(header)
        let isForgotten = now - header.maxTimestamp > config.deleteRetention
        var builder = RecordBatchBuilder(like: header)
        var isWhole = true
        do throws(CodecError) {
            try RecordBatch.forEach(header, batch) { record in
                let offset = header.baseOffset + record.offsetDelta
                let isNewest = record.key.map { newest[[UInt8]($0)] == offset } ?? false
                if isNewest, !isAborted, record.hasValue || !isForgotten {
                    builder.append(raw: record.bytes)
                } else {
                    isWhole = false
                }
                return true
            }
        } catch {
            // What can't be read is left for its readers to complain of.
            return [UInt8](batch)
        }
        if isWhole { return [UInt8](batch) }
        if builder.header.recordCount > 0 { return builder.build() }
        // An empty batch remembers the last sequence number of its producer.
        let isLast =
            header.producerID >= 0
            && lastBatchOfProducer[header.producerID] == header.baseOffset
        return isLast ? builder.build() : nil
    }
}
