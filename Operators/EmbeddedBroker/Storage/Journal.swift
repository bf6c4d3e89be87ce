internal import BrokerModel
internal import Records

/// The broker's own changes, appended to one file: a length, a checksum and an entry each.
///
/// A torn tail is cut off when the file is opened. When the file has grown far past what the state
/// needs, the owner writes the state anew with ``rewrite(_:)``.
final class Journal {
    private let files: any FileLayer
    private let path: String
    private(set) var file: any LogFile
    /// Bytes written so far, the position at which durability is counted.
    private(set) var written: Int64
    /// Raised when the file is replaced, so that a sync of the old one is not taken for the new.
    private(set) var incarnation = 0
    /// The size right after the last rewriting.
    private var compactSize: Int64 = 0

    /// The greatest entry that is believed when it is read back.
    static let maximumEntry = 16 << 20
    /// Below this size the file is left alone.
    static let rewriteFrom: Int64 = 4 << 20

    /// Opens the journal and hands every entry to `body` in its order.
    init(
        _ path: String, files: any FileLayer, replay body: (JournalEntry) -> Void
    ) throws(FileError) {
        self.files = files
        self.path = path
        file = try files.open(path)
        let bytes = try files.content(path, limit: 1 << 30) ?? []
        var valid = 0
        bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            while let entry = try? Journal.next(&reader) {
                body(entry)
                valid = reader.position
            }
        }
        written = Int64(valid)
        if file.size > written { try file.truncate(to: written) }
    }

    private static func next(_ reader: inout ByteReader) throws(CodecError) -> JournalEntry {
        let length = Int(try reader.integer(UInt32.self))
        let checksum = try reader.integer(UInt32.self)
        guard length > 0, length <= maximumEntry else { throw .malformed("length of an entry") }
        let body = try reader.raw(length)
        guard CRC32C.checksum(body) == checksum else { throw .checksumMismatch }
        return try JournalEntry(decoding: body)
    }

    private static func frame(_ entry: JournalEntry) -> [UInt8] {
        let body = entry.encoded
        var writer = ByteWriter(capacity: body.count + 8)
        writer.integer(UInt32(truncatingIfNeeded: body.count))
        writer.integer(CRC32C.checksum(body))
        writer.raw(body)
        return writer.bytes
    }

    /// Appends an entry; it is durable once the file has been synced up to ``written``.
    func append(_ entry: JournalEntry) throws(FileError) {
        let frame = Journal.frame(entry)
        do throws(FileError) {
            try file.write(frame, at: written)
        } catch {
            try? file.truncate(to: written)
            throw error
        }
        written += Int64(frame.count)
    }

    /// Whether most of the file is history.
    var wantsRewriting: Bool {
        written > Journal.rewriteFrom && written > 4 * max(compactSize, 1)
    }

    /// Replaces the file by these entries, durably.
    func rewrite(_ entries: [JournalEntry]) throws(FileError) {
        var bytes: [UInt8] = []
        for entry in entries { bytes += Journal.frame(entry) }
        try files.replace(path, with: bytes, durable: true)
        file = try files.open(path)
        written = Int64(bytes.count)
        compactSize = written
        incarnation += 1
    }
}
