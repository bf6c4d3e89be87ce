internal import BrokerModel
internal import Records

/// The broker's own changes, appended to one file: a ``JournalFrame`` each.
///
/// A torn tail is cut off when the file is opened, and damage anywhere else is an error. When the
/// file has grown far past what the state needs, the owner writes the state anew with
/// ``rewrite(_:)``. After a sync that failed the file takes nothing more: what the system has dropped
/// by then, no later sync would bring back, however well it went.
final class Journal {
    private let files: any FileLayer
    private let path: String
    private(set) var file: any LogFile
    /// Bytes written so far, the position at which durability is counted.
    private(set) var written: Int64
    /// Bytes known to be durable.
    private(set) var synced: Int64 = 0
    /// Whether a sync failed: nothing is believed any more until the next start.
    private(set) var isFailed = false
    /// Raised when the file is replaced, so that a sync of the old one is not taken for the new.
    private(set) var incarnation = 0
    /// Bytes of a torn tail that were cut off when the file was opened.
    let tornBytes: Int64
    /// The size right after the last rewriting.
    private var compactSize: Int64 = 0

    /// Below this size the file is left alone.
    static let rewriteFrom: Int64 = 4 << 20
    /// The system's numbers for a failed device and for what is too large.
    private static let failedNumber: Int32 = 5
    private static let tooLargeNumber: Int32 = 27

    /// Opens the journal and hands every entry to `body` in its order.
    ///
    /// - Throws: ``FileError``; with a fault when the journal is damaged.
    init(
        _ path: String, files: any FileLayer, replay body: (JournalEntry) -> Void
    ) throws(FileError) {
        self.files = files
        self.path = path
        file = try files.open(path)
        var scan = JournalScan(file, path: path)
        written = try scan.run(body)
        tornBytes = max(0, file.size - written)
        // What was cut off must not come back behind what is appended next.
        if tornBytes > 0 { try file.truncate(to: written) }
        try file.sync()
        synced = written
    }

    /// Appends an entry; it is durable once the file has been synced up to ``written``.
    func append(_ entry: JournalEntry) throws(FileError) {
        guard !isFailed else { throw FileError("write", path, number: Journal.failedNumber) }
        let body = entry.encoded
        guard body.count <= JournalFrame.maximumEntry else {
            throw FileError("write", path, number: Journal.tooLargeNumber)
        }
        let frame = JournalFrame.bytes(of: body, durable: synced)
        do throws(FileError) {
            try file.write(frame, at: written)
        } catch {
            try? file.truncate(to: written)
            throw error
        }
        written += Int64(frame.count)
    }

    /// A sync of the file of that incarnation has ended well.
    func noteSynced(upTo position: Int64, incarnation: Int) {
        guard incarnation == self.incarnation, !isFailed else { return }
        synced = max(synced, position)
    }

    /// A sync has failed.
    func fail() { isFailed = true }

    /// Syncs the file on this thread.
    func sync() throws(FileError) {
        guard !isFailed else { throw FileError("sync", path, number: Journal.failedNumber) }
        do throws(FileError) {
            try file.sync()
        } catch {
            isFailed = true
            throw error
        }
        synced = written
    }

    /// Whether most of the file is history.
    var wantsRewriting: Bool {
        !isFailed && written > Journal.rewriteFrom && written > 4 * max(compactSize, 1)
    }

    /// Replaces the file by these entries, durably; with one that is too large it stays as it is.
    func rewrite(_ entries: [JournalEntry]) throws(FileError) {
        let bodies = entries.map(\.encoded)
        guard bodies.allSatisfy({ $0.count <= JournalFrame.maximumEntry }) else {
            // What the file has of it is older, but better than nothing. The next try comes when
            // the file has grown again.
            compactSize = written
            throw FileError("rewrite", path, number: Journal.tooLargeNumber)
        }
        let size = bodies.reduce(0) { $0 + $1.count + JournalFrame.overhead }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        // The file gets its name when it is durable as a whole.
        for body in bodies { bytes += JournalFrame.bytes(of: body, durable: Int64(size)) }
        let temporary = path + ".new"
        try files.remove(temporary)
        let new = try files.open(temporary)
        try new.write(bytes, at: 0)
        try new.sync()
        try files.rename(temporary, to: path)
        file = new
        written = Int64(size)
        compactSize = written
        incarnation += 1
        do throws(FileError) {
            let directory = path.split(separator: "/").dropLast().joined(separator: "/")
            try files.syncDirectory("/" + directory)
        } catch {
            // Which of the two files the next start finds is not known.
            isFailed = true
            throw error
        }
        synced = written
    }
}
