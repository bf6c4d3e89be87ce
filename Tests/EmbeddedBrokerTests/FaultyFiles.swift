import EmbeddedBroker
import Records

/// Files in memory that forget what was not synced: a crash keeps, drops or tears each write since
/// the last sync, and forgets names whose directory was not synced.
final class FaultyFiles: FileLayer {
    /// Operations so far; the crash comes when they reach ``killAt``.
    private(set) var operations = 0
    var killAt = Int.max
    private(set) var isDead = false
    /// Whether the machine died in this very operation.
    private(set) var isDying = false
    /// Writes fail with "no space" while this holds.
    var isFull = false
    /// Writes below this path fail in the same way.
    var fullPath: String?
    /// Syncs of this file fail, and what they should have written is lost.
    var unsyncablePath: String?
    private var names: [String: MemoryFile] = [:]
    private var durableNames: [String: MemoryFile] = [:]
    private var directories: Set<String> = []
    private var durableDirectories: Set<String> = []
    private var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// The system's "no space left on device".
    static let noSpace: Int32 = 28
    /// The system's "input/output error".
    static let inputOutput: Int32 = 5
    private static let deadNumber: Int32 = 5

    /// Counts an operation; the one at which the machine dies fails, and all behind it.
    func step(_ operation: String, _ path: String) throws(FileError) {
        operations += 1
        isDying = operations == killAt
        if operations >= killAt { isDead = true }
        if isDead { throw FileError(operation, path, number: Self.deadNumber) }
    }

    /// What a machine finds that starts after the crash.
    func crashed() -> FaultyFiles {
        let after = FaultyFiles(seed: generator.next())
        // The same holds for directories; a file is there only if all above it are.
        var above = durableDirectories
        for path in directories.symmetricDifference(durableDirectories).sorted()
        where generator.next() % 2 == 0 {
            if directories.contains(path) { above.insert(path) } else { above.remove(path) }
        }
        above = above.filter { path in
            Self.parents(of: path).allSatisfy { above.contains($0) }
        }
        after.directories = above
        after.durableDirectories = above
        // A rename or creation without a sync of its directory may or may not have come through.
        var survivors = durableNames
        for (path, file) in names.sorted(by: { $0.key < $1.key }) where survivors[path] !== file {
            if generator.next() % 2 == 0 { survivors[path] = file }
        }
        for (path, _) in durableNames.sorted(by: { $0.key < $1.key }) where names[path] == nil {
            if generator.next() % 2 == 0 { survivors[path] = nil }
        }
        for (path, file) in survivors.sorted(by: { $0.key < $1.key })
        where Self.parents(of: path).allSatisfy({ above.contains($0) }) {
            let copy = MemoryFile(path: path, layer: after, bytes: file.afterCrash(&generator))
            after.names[path] = copy
            after.durableNames[path] = copy
        }
        return after
    }

    /// Changes a byte of a file behind everybody's back, durably.
    func corrupt(_ path: String, at position: Int) {
        names[path]?.corrupt(position)
    }

    func open(_ path: String) throws(FileError) -> any LogFile {
        if isDead { throw FileError("open", path, number: Self.deadNumber) }
        if let file = names[path] { return file }
        try step("create", path)
        let file = MemoryFile(path: path, layer: self, bytes: [])
        names[path] = file
        return file
    }

    func names(in directory: String) throws(FileError) -> [String] {
        var found: Set<String> = []
        for path in Array(names.keys) + Array(directories) where path.hasPrefix(directory + "/") {
            let rest = path.dropFirst(directory.count + 1)
            found.insert(String(rest.prefix { $0 != "/" }))
        }
        return found.sorted()
    }

    func createDirectory(_ path: String, durable: Bool) throws(FileError) {
        if isDead { throw FileError("create directory", path, number: Self.deadNumber) }
        for path in Self.parents(of: path).reversed() + [path]
        where directories.insert(path).inserted && durable {
            try syncDirectory(Self.directory(of: path))
        }
    }

    func remove(_ path: String) throws(FileError) {
        guard names[path] != nil else { return }
        try step("remove", path)
        names[path] = nil
    }

    func removeDirectory(_ path: String) throws(FileError) {
        // File by file, as it is: the machine may die in between.
        for name in names.keys.sorted() where name.hasPrefix(path + "/") {
            try step("remove", name)
            names[name] = nil
        }
        if isDead { throw FileError("remove directory", path, number: Self.deadNumber) }
        directories.remove(path)
    }

    func rename(_ path: String, to new: String) throws(FileError) {
        try step("rename", path)
        guard directories.contains(path) else {
            return names[new] = names.removeValue(forKey: path)
        }
        for name in names.keys where name.hasPrefix(path + "/") {
            names[new + name.dropFirst(path.count)] = names.removeValue(forKey: name)
        }
        for name in durableNames.keys where name.hasPrefix(path + "/") {
            durableNames[new + name.dropFirst(path.count)] = durableNames.removeValue(forKey: name)
        }
        directories.remove(path)
        directories.insert(new)
        if durableDirectories.remove(path) != nil { durableDirectories.insert(new) }
    }

    func syncDirectory(_ path: String) throws(FileError) {
        try step("sync directory", path)
        for (name, file) in names where Self.directory(of: name) == path {
            durableNames[name] = file
        }
        for name in durableNames.keys where Self.directory(of: name) == path && names[name] == nil {
            durableNames[name] = nil
        }
        let here = { (name: String) in Self.directory(of: name) == path }
        durableDirectories = durableDirectories.filter { !here($0) || directories.contains($0) }
        durableDirectories.formUnion(directories.filter(here))
    }

    /// The directories above a file or directory, the nearest first, without the root.
    private static func parents(of path: String) -> [String] {
        var parents: [String] = []
        var parent = directory(of: path)
        while !parent.isEmpty {
            parents.append(parent)
            parent = directory(of: parent)
        }
        return parents
    }

    private static func directory(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}

/// `@unchecked Sendable`: the tests use it on one thread.
private final class MemoryFile: LogFile, @unchecked Sendable {
    private enum Change {
        case write(position: Int, bytes: [UInt8])
        case truncate(Int)
    }

    private let path: String
    private unowned let layer: FaultyFiles
    private var bytes: [UInt8]
    private var durable: [UInt8]
    private var pending: [Change] = []

    var descriptor: Int32? { nil }
    var size: Int64 { Int64(bytes.count) }

    init(path: String, layer: FaultyFiles, bytes: [UInt8]) {
        self.path = path
        self.layer = layer
        self.bytes = bytes
        durable = bytes
    }

    func write(_ buffers: [UnsafeRawBufferPointer], at position: Int64) throws(FileError) {
        if layer.isFull || layer.fullPath.map(path.hasPrefix) ?? false {
            throw FileError("write", path, number: FaultyFiles.noSpace)
        }
        let all = buffers.flatMap { [UInt8]($0) }
        let change = Change.write(position: Int(position), bytes: all)
        do throws(FileError) {
            try layer.step("write", path)
        } catch {
            // The write in which the machine dies may have come through in part.
            if layer.isDying { pending.append(change) }
            throw error
        }
        pending.append(change)
        Self.apply(change, to: &bytes)
    }

    func corrupt(_ position: Int) {
        bytes[position] ^= 0x10
        durable = bytes
        pending = []
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .truncate(let size):
            if size < bytes.count { bytes.removeLast(bytes.count - size) }
        case .write(let position, let new):
            if bytes.count < position + new.count {
                bytes += [UInt8](repeating: 0, count: position + new.count - bytes.count)
            }
            bytes.replaceSubrange(position..<position + new.count, with: new)
        }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at position: Int64
    ) throws(FileError) -> Int {
        guard position < Int64(bytes.count) else { return 0 }
        let count = min(buffer.count, bytes.count - Int(position))
        bytes.withUnsafeBytes { all in
            buffer.copyMemory(
                from: UnsafeRawBufferPointer(
                    rebasing: all[Int(position)..<Int(position) + count]))
        }
        return count
    }

    func truncate(to size: Int64) throws(FileError) {
        try layer.step("truncate", path)
        pending.append(.truncate(Int(size)))
        Self.apply(.truncate(Int(size)), to: &bytes)
    }

    func sync() throws(FileError) {
        try layer.step("sync", path)
        if layer.unsyncablePath == path {
            // As after a failed write-back: the pages count as clean, and only the cache has them.
            pending = []
            throw FileError("sync", path, number: FaultyFiles.inputOutput)
        }
        pending = []
        durable = bytes
    }

    /// The durable bytes with a random part of what came after.
    func afterCrash(_ generator: inout SeededGenerator) -> [UInt8] {
        var result = durable
        for change in pending {
            switch generator.next() % 3 {
            case 0: continue
            case 1: Self.apply(change, to: &result)
            default:
                guard case .write(let position, let bytes) = change else { continue }
                let torn = Array(bytes.prefix(Int(generator.next() % UInt64(bytes.count + 1))))
                Self.apply(.write(position: position, bytes: torn), to: &result)
            }
        }
        return result
    }
}
