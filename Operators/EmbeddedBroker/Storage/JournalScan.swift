internal import BrokerModel
internal import Records

/// Reads a journal back, a window at a time, and tells a torn tail from damage.
///
/// A power cut may keep, drop or tear each write since the last sync: what it loses reads as zeros,
/// from some byte to the end of a write or over whole sectors. Such a tail is cut off. Anything else
/// that can't be read, with entries behind it, was whole once, and to cut there would silently
/// forget topics and offsets.
struct JournalScan {
    private let file: any LogFile
    private let path: String
    private var window: [UInt8] = []
    private var windowStart: Int64 = 0

    /// How much is read at a time, when no entry is longer.
    private static let windowSize = 1 << 20
    /// What a disk writes whole or not at all.
    private static let sector: Int64 = 512
    /// The system's number for content that is not what it should be.
    private static let badContent: Int32 = 74

    init(_ file: any LogFile, path: String) {
        self.file = file
        self.path = path
    }

    /// Hands every entry to `body` in its order; returns where the whole entries end.
    ///
    /// - Throws: ``FileError`` with its fault when the journal is damaged.
    mutating func run(_ body: (JournalEntry) -> Void) throws(FileError) -> Int64 {
        var position: Int64 = 0
        var durable: Int64 = 0
        var isUnknown = false
        while let frame = try frame(at: position, &isUnknown) {
            body(frame.entry)
            durable = max(durable, frame.durable)
            position += Int64(frame.count)
        }
        if isUnknown {
            throw damage(
                "the entry at byte \(position) is of a kind that this version does not know")
        }
        guard position < file.size || durable > position else { return position }
        try judge(position, durable: durable)
        return position
    }

    /// Decides on what can't be read from `position` on.
    private mutating func judge(_ position: Int64, durable: Int64) throws(FileError) {
        var durable = durable
        var previous = position
        var next = try frameStart(from: position + 1)
        while let start = next {
            if try !isTorn(previous..<start) {
                throw damage(
                    "the entry at byte \(position) is damaged, and whole entries follow at byte"
                        + " \(start); no torn write looks like this")
            }
            var end = start
            var isUnknown = false
            while let frame = try frame(at: end, &isUnknown) {
                durable = max(durable, frame.durable)
                end += Int64(frame.count)
            }
            previous = end
            next = end < file.size ? try frameStart(from: end + 1) : nil
        }
        guard durable > position else { return }
        throw damage(
            "the entry at byte \(position) is damaged or missing, and the file was durable up to"
                + " byte \(durable)")
    }

    private func damage(_ what: String) -> FileError {
        FileError("read", path, number: JournalScan.badContent, fault: what)
    }

    /// The bytes there, fewer at the end of the file.
    private mutating func bytes(
        at position: Int64, _ count: Int
    ) throws(FileError) -> ArraySlice<UInt8> {
        let first = Int(position - windowStart)
        if first >= 0, first + count <= window.count { return window[first..<first + count] }
        let wanted = min(Int64(max(count, JournalScan.windowSize)), max(0, file.size - position))
        var fresh = [UInt8](repeating: 0, count: Int(wanted))
        var failure: FileError?
        let read = fresh.withUnsafeMutableBytes { buffer in
            do throws(FileError) {
                return try file.read(into: buffer, at: position)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        fresh.removeLast(fresh.count - read)
        window = fresh
        windowStart = position
        return window[..<min(count, window.count)]
    }

    /// The whole entry there; nil when there is none.
    private mutating func frame(
        at position: Int64, _ isUnknown: inout Bool
    ) throws(FileError) -> JournalFrame? {
        let head = try bytes(at: position, JournalFrame.head)
        guard head.count == JournalFrame.head,
            let count = head.withUnsafeBytes({ JournalFrame.count(head: ByteReader($0)) }),
            position + Int64(count) <= file.size
        else { return nil }
        let slice = try bytes(at: position, count)
        guard slice.count == count else { return nil }
        return slice.withUnsafeBytes { buffer in
            do throws(JournalFrame.Fault) {
                return try JournalFrame(buffer)
            } catch {
                if error == .unknown { isUnknown = true }
                return nil
            }
        }
    }

    /// Where the next whole entry begins, in the present form.
    private mutating func frameStart(from start: Int64) throws(FileError) -> Int64? {
        var position = start
        while position + Int64(JournalFrame.overhead) < file.size {
            let head = try bytes(at: position, 4)
            // The byte that holds the highest bit of the length, and above 16 MiB nothing else.
            if head.count == 4, head[head.startIndex + 3] & 0xfe == 0x80 {
                var isUnknown = false
                if try frame(at: position, &isUnknown) != nil || isUnknown { return position }
            }
            position += 1
        }
        return nil
    }

    /// Whether writes that were lost in part may have left these bytes: the last of them is no end
    /// of an entry, or a sector among them is missing.
    private mutating func isTorn(_ range: Range<Int64>) throws(FileError) -> Bool {
        guard let last = try bytes(at: range.upperBound - 1, 1).first,
            last == JournalFrame.mark
        else { return true }
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(range.upperBound, (start / JournalScan.sector + 1) * JournalScan.sector)
            if try bytes(at: start, Int(end - start)).allSatisfy({ $0 == 0 }) { return true }
            start = end
        }
        return false
    }
}
