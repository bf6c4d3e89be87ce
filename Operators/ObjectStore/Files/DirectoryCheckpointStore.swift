internal import Glibc
internal import Records
public import State
internal import Synchronization

/// Checkpoints as files under a directory of a local or shared POSIX file system.
///
/// A blob is written to a file under `~staging` (a name that no blob can have), synced, then linked to
/// its name, which fails when the name is taken, and its directory is synced: after a power cut a name
/// stands for the whole blob or for nothing. Files that a crash left under `~staging` are recognised by
/// the lock that their writer no longer holds and removed when the store is opened.
public final class DirectoryCheckpointStore: CheckpointStore {
    /// The largest blob that is read back, in bytes.
    public static let maximumBlobBytes = 4 << 30
    /// The most directories that are remembered to be durable.
    static let maximumKnownDirectories = 16_384
    /// How often a write starts anew after another process took its staging file for a leftover.
    static let maximumAttempts = 5

    private let root: String
    /// Directories whose own entry is known to be on disk.
    private let durable = Mutex<Set<String>>([])

    /// Opens the store, creating the directory if it is missing.
    ///
    /// - Throws: `.storeUnavailable` when it can't be created or written.
    public init(_ directory: String) throws {
        root =
            directory.count > 1 && directory.hasSuffix("/")
            ? String(directory.dropLast()) : directory
        try makeRoot()
        try makeDirectory(staging)
        try removeLeftovers()
    }

    private var staging: String { "\(root)/~staging" }

    /// Writes a blob under a free name, durably.
    public func create(_ name: String, _ bytes: [UInt8]) throws {
        let parts = try CheckpointName.parts(of: name)
        var directory = root
        for part in parts.dropLast() {
            directory += "/\(part)"
            try makeDirectory(directory)
        }
        for _ in 0..<DirectoryCheckpointStore.maximumAttempts {
            if try attempt(name, in: directory, bytes) { return }
        }
        throw failure("can't be written", name, ENOENT)
    }

    /// Reads a blob; nil when there is none of that name.
    public func read(_ name: String) throws -> [UInt8]? {
        _ = try CheckpointName.parts(of: name)
        let file = open("\(root)/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if file < 0, errno == ENOENT || errno == ENOTDIR { return nil }
        guard file >= 0 else { throw failure("can't be opened", name, errno) }
        defer { _ = Glibc.close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("can't be read", name, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        guard status.st_size <= DirectoryCheckpointStore.maximumBlobBytes else {
            throw DataflowError(
                .limitExceeded, domain: .user,
                "checkpoint \(name) has \(status.st_size) bytes; the bound is "
                    + "\(DirectoryCheckpointStore.maximumBlobBytes)")
        }
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
            let space = UnsafeMutableRawBufferPointer(buffer)
            while count < space.count {
                let got = Glibc.read(
                    file, space.baseAddress?.advanced(by: count), space.count - count)
                if got < 0, errno == EINTR { continue }
                if got <= 0 {
                    code = got < 0 ? errno : EIO
                    return
                }
                count += got
            }
        }
        guard code == 0 else { throw failure("can't be read", name, code) }
        return bytes
    }

    /// The names that begin with `prefix`, sorted.
    public func list(prefix: String) throws -> [String] {
        // Only the directory that the prefix leads to is searched.
        let parts = prefix.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let leading = parts.dropLast()
        guard leading.allSatisfy(CheckpointName.isPart) else { return [] }
        var names: [String] = []
        try collect(leading.joined(separator: "/"), depth: leading.count, prefix, into: &names)
        return names.sorted()
    }

    /// Removes a blob; one that is not there is no error.
    public func delete(_ name: String) throws {
        _ = try CheckpointName.parts(of: name)
        guard unlink("\(root)/\(name)") != 0 else { return }
        guard errno == ENOENT || errno == ENOTDIR else {
            throw failure("can't be removed", name, errno)
        }
    }
}

extension DirectoryCheckpointStore {
    /// One try to write and name a blob; false when the staging file was taken away meanwhile.
    private func attempt(_ name: String, in directory: String, _ bytes: [UInt8]) throws -> Bool {
        var random = SystemRandomNumberGenerator()
        let path = "\(staging)/\(getpid())-\(String(random.next(), radix: 16))"
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure("can't be created", name, errno) }
        defer { _ = Glibc.close(file) }
        // The lock says that the file has a living writer.
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return false }
        defer { unlink(path) }
        try write(bytes, to: file, name)
        guard fsync(file) == 0 else { throw failure("can't be synced", name, errno) }
        guard link(path, "\(root)/\(name)") == 0 else {
            switch errno {
            case ENOENT: return false
            case EEXIST:
                // Perhaps by a try of ours that couldn't sync the name; who reads it back must be able to rely
                // on it.
                try sync(directory)
                throw DataflowError(
                    .invariant, domain: .internal, "checkpoint \(name) exists already")
            default: throw failure("can't be named", name, errno)
            }
        }
        try sync(directory)
        return true
    }

    private func write(_ bytes: [UInt8], to file: Int32, _ name: String) throws {
        try bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = Glibc.write(
                    file, buffer.baseAddress?.advanced(by: written), buffer.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure("can't be written", name, errno) }
                written += count
            }
        }
    }

    private func collect(
        _ directory: String, depth: Int, _ prefix: String, into names: inout [String]
    ) throws {
        guard depth < CheckpointName.maximumParts else { return }
        let path = directory.isEmpty ? root : "\(root)/\(directory)"
        guard let stream = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw failure("can't be listed", directory, errno)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let part = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            // Neither `.` and `..` nor the staging directory are parts of names.
            guard CheckpointName.isPart(part) else { continue }
            let name = directory.isEmpty ? part : "\(directory)/\(part)"
            switch kind(of: entry.pointee.d_type, at: "\(root)/\(name)") {
            case UInt8(DT_DIR):
                guard name.hasPrefix(prefix) || prefix.hasPrefix("\(name)/") else { continue }
                try collect(name, depth: depth + 1, prefix, into: &names)
            case UInt8(DT_REG):
                if name.hasPrefix(prefix) { names.append(name) }
            default: continue
            }
        }
    }

    /// A file system may leave an entry's kind open.
    private func kind(of kind: UInt8, at path: String) -> UInt8 {
        guard kind == UInt8(DT_UNKNOWN) else { return kind }
        var status = stat()
        guard lstat(path, &status) == 0 else { return kind }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return UInt8(DT_DIR)
        case S_IFREG: return UInt8(DT_REG)
        default: return kind
        }
    }

    private func makeRoot() throws {
        var path = root.hasPrefix("/") ? "" : "."
        for part in root.split(separator: "/") {
            path += "/\(part)"
            try makeDirectory(path)
        }
    }

    /// Makes a directory if it is missing and sees to it that its entry is on disk.
    private func makeDirectory(_ path: String) throws {
        if durable.withLock({ $0.contains(path) }) { return }
        let isNew = mkdir(path, 0o755) == 0
        guard isNew || errno == EEXIST else { throw failure("can't be created", path, errno) }
        // Another process may have made it a moment ago and not synced it yet. Above the root that is
        // not for us to mend, nor may we be allowed to.
        if isNew || path.hasPrefix("\(root)/") { try sync(parent(of: path)) }
        durable.withLock { known in
            if known.count >= DirectoryCheckpointStore.maximumKnownDirectories { known = [] }
            known.insert(path)
        }
    }

    private func parent(of path: String) -> String {
        let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        return parent.isEmpty ? "/" : parent
    }

    private func sync(_ directory: String) throws {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw failure("can't be opened", directory, errno) }
        defer { _ = Glibc.close(file) }
        guard fsync(file) == 0 else { throw failure("can't be synced", directory, errno) }
    }

    private func removeLeftovers() throws {
        guard let stream = opendir(staging) else {
            throw failure("can't be listed", staging, errno)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let part = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard CheckpointName.isPart(part) else { continue }
            let path = "\(staging)/\(part)"
            let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard file >= 0 else { continue }
            // A writer that lives holds the lock.
            if flock(file, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
            _ = Glibc.close(file)
        }
    }

    private func failure(_ what: String, _ name: String, _ code: Int32) -> DataflowError {
        DataflowError(
            .storeUnavailable, domain: .external, retry: .backoff,
            "checkpoint store \(root): \(name) \(what): \(String(cString: strerror(code)))")
    }
}
