internal import Foundation
internal import Glibc
internal import LocationIngest
internal import Records

/// Puts recorded locations in the order of time, however many there are: an external merge sort.
///
/// Up to ``held`` locations are sorted in memory; beyond that each such lot is written to a file of its own, a run,
/// and runs are merged, ``fanIn`` at a time. A run has no name on disk from the moment it is there: however the
/// process ends, it leaves nobody's locations behind. Equal times are ordered by user, and within a user as they came, so
/// that the result is a function of what was recorded and not of how the recording was sorted.
struct LocationSorter: ~Copyable {
    /// A location and the place at which it came.
    struct Item {
        let update: LocationUpdate
        let sequence: UInt64

        static func < (a: Item, b: Item) -> Bool {
            (a.update.observedAt, a.update.userID, a.sequence)
                < (b.update.observedAt, b.update.userID, b.sequence)
        }
    }

    /// How many locations are sorted in memory; about 200 bytes each.
    static let held = 250_000
    /// How many runs are merged at a time; beyond that they are made one first.
    static let fanIn = 64
    /// How many locations are handed over at a time.
    static let lot = 1_000

    private let held: Int
    private let fanIn: Int
    private let parent: URL
    private var items: [Item] = []
    private var runs: [FileHandle] = []
    private var sequence: UInt64 = 0

    /// Makes an empty sorter.
    ///
    /// - Parameters:
    ///   - parent: the directory on whose disk runs are kept, if there are any.
    ///   - held: how many locations are sorted in memory.
    ///   - fanIn: how many runs are merged at a time, 2 at least.
    init(
        in parent: URL = FileManager.default.temporaryDirectory, held: Int = LocationSorter.held,
        fanIn: Int = LocationSorter.fanIn
    ) {
        self.parent = parent
        self.held = max(1, held)
        self.fanIn = max(2, fanIn)
    }

    /// Adds a location.
    ///
    /// - Throws: what keeps a run from being written.
    mutating func add(_ update: LocationUpdate) throws {
        items.append(Item(update: update, sequence: sequence))
        sequence += 1
        if items.count >= held { try spill() }
    }

    /// Hands over everything in the order of time, at most ``lot`` locations at a time, and is empty then.
    ///
    /// - Parameter body: takes the next locations; false ends it early.
    mutating func drain(_ body: ([LocationUpdate]) async throws -> Bool) async throws {
        items.sort(by: <)
        var merge = try RunMerge(files: runs, newest: items)
        items = []
        var lot: [LocationUpdate] = []
        while let item = try merge.next() {
            lot.append(item.update)
            if lot.count == LocationSorter.lot {
                if !(try await body(lot)) { return }
                lot.removeAll(keepingCapacity: true)
            }
        }
        if !lot.isEmpty { _ = try await body(lot) }
        runs = []
    }

    /// Writes what is held as a run.
    private mutating func spill() throws {
        items.sort(by: <)
        if runs.count == fanIn {
            let file = try newRun()
            var merge = try RunMerge(files: runs, newest: [])
            var writer = RunWriter(file)
            while let item = try merge.next() { try writer.write(item) }
            try writer.close()
            runs = [file]
        }
        let file = try newRun()
        var writer = RunWriter(file)
        for item in items { try writer.write(item) }
        try writer.close()
        runs.append(file)
        items.removeAll(keepingCapacity: true)
    }

    /// A file that nobody else can open, and that is gone with its last user: a kill leaves nothing behind, and
    /// where people were is nobody else's business.
    private func newRun() throws -> FileHandle {
        var template = Array(
            parent.appendingPathComponent("millrace-sort-XXXXXX").path.utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "no file for sorting can be made in \(parent.path): \(String(cString: strerror(errno)))"
            )
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard unlink(&template) == 0 else {
            throw DataflowError(
                .invalidConfiguration, domain: .external,
                "a file for sorting in \(parent.path) keeps its name: \(String(cString: strerror(errno)))"
            )
        }
        return file
    }
}

/// Writes a run: for each location the length of what follows, its place in the recording, and its message.
private struct RunWriter: ~Copyable {
    private static let chunk = 1 << 18
    private let file: FileHandle
    private var writer = ByteWriter(capacity: RunWriter.chunk + 1_024)

    init(_ file: FileHandle) { self.file = file }

    mutating func write(_ item: LocationSorter.Item) throws {
        let message = LocationUpdateCodec.encode(item.update)
        writer.integer(UInt32(message.count + 8))
        writer.integer(item.sequence)
        writer.raw(message)
        if writer.bytes.count >= RunWriter.chunk { try flush() }
    }

    /// Writes what is left.
    mutating func close() throws { try flush() }

    private mutating func flush() throws {
        try file.write(contentsOf: Data(writer.bytes))
        writer.removeAll()
    }
}

/// Reads a run from its beginning.
private final class RunReader {
    private static let chunk = 1 << 16
    private let file: FileHandle
    private var bytes: [UInt8] = []
    private var position = 0

    init(_ file: FileHandle) throws {
        self.file = file
        try file.seek(toOffset: 0)
    }

    func next() throws -> LocationSorter.Item? {
        guard try has(4) else { return nil }
        let count = try read(4) { try $0.integer(UInt32.self) }
        guard count >= 8, try has(Int(count)) else { throw CodecError.truncated }
        return try read(Int(count)) { reader in
            let sequence = try reader.integer(UInt64.self)
            return LocationSorter.Item(
                update: try LocationUpdateCodec.decode(try reader.raw(Int(count) - 8)),
                sequence: sequence)
        }
    }

    private func read<T>(_ count: Int, _ body: (inout ByteReader) throws -> T) throws -> T {
        defer { position += count }
        return try bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(
                UnsafeRawBufferPointer(rebasing: buffer[position..<(position + count)]))
            return try body(&reader)
        }
    }

    /// Whether so many bytes are there; reads them if need be.
    private func has(_ count: Int) throws -> Bool {
        while bytes.count - position < count {
            guard let more = try file.read(upToCount: RunReader.chunk), !more.isEmpty else {
                if position == bytes.count { return false }
                throw CodecError.truncated
            }
            bytes.removeFirst(position)
            position = 0
            bytes += more
        }
        return true
    }
}

/// Takes the first of several sorted sequences, again and again.
private struct RunMerge {
    private var readers: [RunReader]
    /// What is in memory, read from its end.
    private var newest: [LocationSorter.Item]
    /// The next item of each sequence that has one, the first at the end; -1 stands for what is in memory.
    private var heads: [(item: LocationSorter.Item, source: Int)] = []

    init(files: [FileHandle], newest: [LocationSorter.Item]) throws {
        readers = try files.map { try RunReader($0) }
        self.newest = newest.reversed()
        for source in -1..<readers.count { try fetch(source) }
    }

    mutating func next() throws -> LocationSorter.Item? {
        guard let head = heads.popLast() else { return nil }
        try fetch(head.source)
        return head.item
    }

    private mutating func fetch(_ source: Int) throws {
        let item = source < 0 ? newest.popLast() : try readers[source].next()
        guard let item else { return }
        var (low, high) = (0, heads.count)
        while low < high {
            let middle = (low + high) / 2
            if item < heads[middle].item { low = middle + 1 } else { high = middle }
        }
        heads.insert((item, source), at: low)
    }
}
