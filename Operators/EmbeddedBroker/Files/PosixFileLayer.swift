internal import Glibc

/// The file system of the machine.
package final class PosixFileLayer: FileLayer {
    package init() {}

    package func open(_ path: String) throws(FileError) -> any LogFile {
        try PosixLogFile(path)
    }

    package func names(in directory: String) throws(FileError) -> [String] {
        guard let handle = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw FileError("list", directory, number: errno)
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func createDirectory(_ path: String, durable: Bool) throws(FileError) {
        var prefix = ""
        for part in path.split(separator: "/") {
            let parent = prefix.isEmpty ? "/" : prefix
            prefix += "/" + part
            if mkdir(prefix, 0o755) == 0 {
                if durable { try syncDirectory(parent) }
            } else if errno != EEXIST {
                throw FileError("create directory", prefix, number: errno)
            }
        }
    }

    package func remove(_ path: String) throws(FileError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        throw FileError("remove", path, number: errno)
    }

    package func removeDirectory(_ path: String) throws(FileError) {
        for name in try names(in: path) { try remove(path + "/" + name) }
        guard rmdir(path) != 0, errno != ENOENT else { return }
        throw FileError("remove directory", path, number: errno)
    }

    package func rename(_ path: String, to new: String) throws(FileError) {
        guard Glibc.rename(path, new) != 0 else { return }
        throw FileError("rename", path, number: errno)
    }

    package func syncDirectory(_ path: String) throws(FileError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw FileError("open", path, number: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError("sync", path, number: errno) }
    }
}

/// A file of the machine, closed when nobody refers to it any more.
///
/// `@unchecked Sendable`: the size belongs to the broker's thread; `sync` and the kernel's reads use
/// nothing but the descriptor, which does not change.
private final class PosixLogFile: LogFile, @unchecked Sendable {
    private let path: String
    private let number: Int32
    private(set) var size: Int64

    var descriptor: Int32? { number }

    init(_ path: String) throws(FileError) {
        self.path = path
        number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw FileError("open", path, number: errno) }
        var status = stat()
        guard fstat(number, &status) == 0 else { throw FileError("stat", path, number: errno) }
        size = Int64(status.st_size)
    }

    deinit {
        close(number)
    }

    func write(_ buffers: [UnsafeRawBufferPointer], at position: Int64) throws(FileError) {
        var position = position
        for buffer in buffers {
            var rest = buffer
            while let base = rest.baseAddress, !rest.isEmpty {
                let written = pwrite(number, base, rest.count, Int(position))
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw FileError("write", path, number: errno) }
                position += Int64(written)
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
        size = max(size, position)
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at position: Int64
    ) throws(FileError) -> Int {
        var filled = 0
        while filled < buffer.count, let base = buffer.baseAddress {
            let count = pread(
                number, base + filled, buffer.count - filled, Int(position) + filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", path, number: errno) }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    func truncate(to size: Int64) throws(FileError) {
        guard ftruncate(number, Int(size)) == 0 else {
            throw FileError("truncate", path, number: errno)
        }
        self.size = size
    }

    func sync() throws(FileError) {
        guard fdatasync(number) == 0 else { throw FileError("sync", path, number: errno) }
    }
}
