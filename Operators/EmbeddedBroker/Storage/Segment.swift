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
    /// When the first batch came, in ms since 1970: what rolling by age counts from.
    var created: Int64?

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
        rest: UnsafeRawBufferPointer, now: Int64
    ) throws(FileError) {
        do throws(FileError) {
            try file.write([stamped, rest], at: size)
        } catch {
            try? file.truncate(to: size)
            throw error
        }
        note(header, now: now)
    }

    /// Takes a batch that stands in the file into the index.
    func note(_ header: RecordBatchHeader, now: Int64) {
        index.note(
            offset: header.baseOffset, position: size,
            timestamp: header.isControl ? -1 : header.maxTimestamp)
        size += Int64(header.byteCount)
        index.coveredBytes = size
        if created == nil { created = now }
    }

    /// Takes the file as whole without walking it.
    func adopt(size: Int64, index: SegmentIndex, created: Int64) {
        self.size = size
        self.index = index
        self.created = created
        synced = size
    }

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
