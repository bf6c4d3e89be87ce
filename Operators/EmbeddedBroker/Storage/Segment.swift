internal import BrokerModel
internal import Records

/// One file of a partition's log and its index.
final class Segment {
    /// The first offset that the file may hold; names it.
    let baseOffset: Int64
    let path: String
    let file: any LogFile
    var index = SegmentIndex()
    /// Bytes of whole batches.
    private(set) var size: Int64 = 0
    /// Bytes known to be durable.
    var synced: Int64 = 0
    /// When the first batch came, in ms since 1970.
    private var created: Int64?

    /// How much is read at a time when batches are walked.
    static let walkChunk = 64 << 10

    /// - Parameter name: the name that the file has until it is renamed to `path`.
    init(
        baseOffset: Int64, path: String, files: any FileLayer, openedAs name: String? = nil
    ) throws(FileError) {
        self.baseOffset = baseOffset
        self.path = path
        file = try files.open(name ?? path)
    }

    /// The name of the file for a base offset: twenty digits.
    static func name(_ baseOffset: Int64) -> String {
        let digits = String(baseOffset)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    }

    /// Where the index is kept.
    var indexPath: String { path.dropLast(4) + ".index" }

    /// Appends a batch with its header stamped; on an error the file is as before.
    func append(
        _ header: RecordBatchHeader, stamped: UnsafeRawBufferPointer,
        rest: UnsafeRawBufferPointer, interval: Int64, now: Int64
    ) throws(FileError) {
        do throws(FileError) {
            try file.write([stamped, rest], at: size)
        } catch {
            try? file.truncate(to: size)
            throw error
        }
        note(header, interval: interval)
        if created == nil { created = now }
    }

    /// Appends a whole batch as it is, or nothing for no bytes.
    func append(_ batch: [UInt8], interval: Int64) throws(FileError) {
        guard let header = batch.withUnsafeBytes({ try? RecordBatchHeader($0) }) else { return }
        try file.write(batch, at: size)
        note(header, interval: interval)
    }

    /// Takes a batch that stands in the file into the index.
    func note(_ header: RecordBatchHeader, interval: Int64 = SegmentIndex.interval) {
        index.note(
            offset: header.baseOffset, position: size, timestamp: header.maxTimestamp,
            isControl: header.isControl, interval: interval)
        size += Int64(header.byteCount)
        index.coveredBytes = size
    }

    /// How old the segment is when a batch is to be appended, in ms: as in Kafka by the timestamps
    /// of its first batch and of that one, so that it is the same after a restart, and by the clock
    /// where they have none.
    func age(at header: RecordBatchHeader, now: Int64) -> Int64 {
        guard size > 0 else { return 0 }
        if index.firstTimestamp >= 0, header.maxTimestamp >= 0 {
            return header.maxTimestamp - index.firstTimestamp
        }
        return created.map { now - $0 } ?? 0
    }

    /// Takes the file as whole without walking it.
    func adopt(size: Int64, index: SegmentIndex) {
        self.size = size
        self.index = index
        synced = size
    }

    /// Forgets what was noted, before the file is walked again.
    func reset() {
        size = 0
        index = SegmentIndex()
    }

    /// The segment was there before the broker started.
    func noteOpened(now: Int64) { created = now }

    /// Cuts the file behind the last whole batch.
    func cutTail() throws(FileError) {
        if file.size > size { try file.truncate(to: size) }
    }

    /// Walks the batches from `position` on until `body` returns false; returns where it stopped.
    ///
    /// - Parameter whole: whether `body` needs the batch's bytes rather than its header alone.
    @discardableResult
    func walk(
        from position: Int64, to end: Int64, whole: Bool = false,
        _ body: (RecordBatchHeader, _ position: Int64, UnsafeRawBufferPointer) -> Bool
    ) throws(FileError) -> Int64 {
        var position = position
        var chunk = [UInt8](repeating: 0, count: Segment.walkChunk)
        while position < end {
            let wanted = min(Int64(chunk.count), end - position)
            var failure: FileError?
            var step: Int64 = 0
            var needed = 0
            var isDone = false
            chunk.withUnsafeMutableBytes { buffer in
                do throws(FileError) {
                    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(wanted)])
                    let count = try file.read(into: part, at: position)
                    let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
                    (step, needed, isDone) = Segment.step(
                        through: bytes, at: position, end: end, whole: whole, body)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            position += step
            if isDone { return position }
            if step == 0 {
                guard needed > chunk.count, Int64(needed) <= end - position else { break }
                chunk = [UInt8](repeating: 0, count: needed)
            }
        }
        return position
    }

    /// Goes through the batches in one chunk: bytes passed, bytes that the next batch needs, and
    /// whether to stop.
    private static func step(
        through bytes: UnsafeRawBufferPointer, at start: Int64, end: Int64, whole: Bool,
        _ body: (RecordBatchHeader, Int64, UnsafeRawBufferPointer) -> Bool
    ) -> (Int64, Int, Bool) {
        var passed: Int64 = 0
        while passed < Int64(bytes.count) {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[Int(passed)...])
            guard rest.count >= RecordBatchHeader.size else {
                // Fewer bytes than a header are a torn tail unless more of the file follows.
                let isEnd = start + passed + Int64(rest.count) >= end
                return (passed, RecordBatchHeader.size, isEnd && passed == 0)
            }
            guard let header = try? RecordBatchHeader(rest) else { return (passed, 0, true) }
            let count = header.byteCount
            guard start + passed + Int64(count) <= end else { return (passed, 0, true) }
            if whole, rest.count < count { return (passed, count, false) }
            let batch = UnsafeRawBufferPointer(rebasing: rest[..<min(count, rest.count)])
            guard body(header, start + passed, batch) else { return (passed, 0, true) }
            passed += Int64(count)
        }
        return (passed, 0, false)
    }
}
