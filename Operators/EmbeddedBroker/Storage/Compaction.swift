internal import BrokerModel
internal import Records
internal import Synchronization

/// One pass of compaction over a partition, as Kafka's cleaner does it for `cleanup.policy=compact`:
/// of each key it keeps the newest record.
///
/// It notes the newest offset of the keys from where the last pass ended, as many as it may, and
/// writes every segment up to there anew without what is older. Offsets stay as they are and leave
/// gaps. Markers are kept, records of aborted transactions are not. The new segments lie in a folder
/// of their own until the broker's thread renames them into place, oldest first, so that a crash at
/// any moment leaves either of both.
///
/// `@unchecked Sendable`: the job has what it reads to itself, closed segments and copies of the
/// log's state, and is handed back when it has run.
package final class CompactionJob: @unchecked Sendable {
    /// A segment that was written anew.
    struct Cleaned {
        var old: Segment
        var new: Segment
        /// Where it lies for now.
        var path: String
    }

    /// How many bytes the keys of one pass may have.
    private static let maximumKeyBytes = 32 << 20

    private let plan: CompactionPlan
    private let files: any FileLayer
    private let directory: String
    private let log: PartitionLog
    private let config: TopicConfig
    private let maximumKeys: Int
    private let now: Int64
    private let isCancelled = Atomic(false)
    private var newest: [[UInt8]: Int64] = [:]
    private var keyBytes = 0
    private var lastBatchOfProducer: [Int64: Int64] = [:]

    /// Everything below is clean once the job's segments are in place.
    private(set) var end: Int64
    private(set) var cleaned: [Cleaned] = []
    private(set) var error: FileError?
    private(set) var bytesBefore: Int64 = 0
    private(set) var bytesAfter: Int64 = 0

    init(
        plan: CompactionPlan, store: PartitionStore, config: TopicConfig, directory: String,
        maximumKeys: Int, now: Int64
    ) {
        self.plan = plan
        self.config = config
        self.directory = directory
        self.maximumKeys = maximumKeys
        self.now = now
        files = store.files
        log = store.log
        end = plan.segments.last?.end ?? plan.firstDirty
    }

    /// Stops the job early; it then has an error.
    package func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Runs the pass, on any thread.
    package func run() {
        do throws(FileError) {
            try files.createDirectory(directory, durable: false)
            for producer in log.activeProducers {
                lastBatchOfProducer[producer.producerID] = producer.batches.last?.baseOffset
            }
            for (segment, segmentEnd) in plan.segments where segmentEnd > plan.firstDirty {
                try checkCancelled()
                guard segment.baseOffset < end else { break }
                try survey(segment)
            }
            try checkCancelled()
            for (segment, _) in plan.segments where segment.baseOffset < end {
                try clean(segment)
            }
        } catch {
            self.error = error
        }
        newest = [:]
    }

    private func checkCancelled() throws(FileError) {
        guard isCancelled.load(ordering: .relaxed) else { return }
        throw FileError("compact", directory, number: 0, fault: "the broker stops")
    }

    private func isAborted(_ header: RecordBatchHeader) -> Bool {
        guard header.isTransactional else { return false }
        let range = header.baseOffset..<header.lastOffset + 1
        return log.aborted(in: range).contains { $0.producerID == header.producerID }
    }

    /// Notes the newest offset of each key; the pass ends before a batch that has no room any more.
    private func survey(_ segment: Segment) throws(FileError) {
        try segment.walk(from: 0, to: segment.size, whole: true) { header, _, bytes in
            if isCancelled.load(ordering: .relaxed) { return false }
            guard header.lastOffset >= plan.firstDirty else { return true }
            guard !header.isControl, !isAborted(header) else { return true }
            let isFull =
                newest.count + Int(header.recordCount) > maximumKeys
                || keyBytes + header.byteCount > Self.maximumKeyBytes
            // One batch is always taken, or there would be no progress.
            if isFull, !newest.isEmpty {
                end = header.baseOffset
                return false
            }
            try? RecordBatch.forEach(header, bytes) { record in
                guard let key = record.key else { return true }
                let offset = header.baseOffset + record.offsetDelta
                if newest.updateValue(offset, forKey: [UInt8](key)) == nil {
                    keyBytes += key.count
                }
                return true
            }
            return true
        }
    }

    /// Writes a segment anew, unless it stays as it is.
    private func clean(_ segment: Segment) throws(FileError) {
        let path = directory + "/" + Segment.name(segment.baseOffset) + ".log"
        try files.remove(path)
        let clean = try Segment(
            baseOffset: segment.baseOffset, path: segment.path, files: files, openedAs: path)
        var failure: FileError?
        var isChanged = false
        try segment.walk(from: 0, to: segment.size, whole: true) { header, _, bytes in
            if isCancelled.load(ordering: .relaxed) { return false }
            let kept = kept(of: header, bytes)
            if !kept.isWhole { isChanged = true }
            do throws(FileError) {
                try clean.append(kept.bytes, interval: config.indexInterval)
                return true
            } catch {
                failure = error
                return false
            }
        }
        bytesBefore += segment.size
        if let failure {
            try? files.remove(path)
            throw failure
        }
        try checkCancelled()
        guard isChanged else {
            bytesAfter += segment.size
            return try files.remove(path)
        }
        bytesAfter += clean.size
        try clean.file.sync()
        clean.synced = clean.size
        cleaned.append(Cleaned(old: segment, new: clean, path: path))
    }

    /// What stays of a batch, no bytes for nothing.
    private func kept(
        of header: RecordBatchHeader, _ batch: UnsafeRawBufferPointer
    ) -> (bytes: [UInt8], isWhole: Bool) {
        if header.isControl || header.baseOffset >= end { return ([UInt8](batch), true) }
        let isAborted = isAborted(header)
        // A tombstone goes in a pass after the one in which what it deletes has gone for good.
        let mayForget =
            header.lastOffset < plan.firstDirty
            && now - header.maxTimestamp > config.deleteRetention
        var builder = RecordBatchBuilder(like: header)
        var isWhole = true
        do throws(CodecError) {
            try RecordBatch.forEach(header, batch) { record in
                let offset = header.baseOffset + record.offsetDelta
                let isNewest = record.key.map { newest[[UInt8]($0)] ?? offset <= offset } ?? false
                if isNewest, !isAborted, record.hasValue || !mayForget {
                    builder.append(raw: record.bytes)
                } else {
                    isWhole = false
                }
                return true
            }
        } catch {
            // What can't be read is left for its readers to complain of.
            return ([UInt8](batch), true)
        }
        if isWhole { return ([UInt8](batch), true) }
        // An empty batch remembers the last sequence number of its producer.
        let isNeeded =
            builder.header.recordCount > 0
            || header.producerID >= 0
                && lastBatchOfProducer[header.producerID] == header.baseOffset
        return (isNeeded ? builder.build() : [], false)
    }
}
