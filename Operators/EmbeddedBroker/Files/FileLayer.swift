/// The files the broker keeps its data in, as a seam: the real ones, or those of a fault test.
package protocol FileLayer: AnyObject {
    /// Opens a file for reading and writing; makes it if it is not there.
    func open(_ path: String) throws(FileError) -> any LogFile
    /// The names in a directory, sorted; none when there is no such directory.
    func names(in directory: String) throws(FileError) -> [String]
    /// Makes a directory with all above it.
    ///
    /// - Parameter durable: whether the names of those that it makes are durable at the end; else
    ///   the caller syncs what they stand in.
    func createDirectory(_ path: String, durable: Bool) throws(FileError)
    /// Deletes a file; a missing one is no error.
    func remove(_ path: String) throws(FileError)
    /// Deletes a directory with what is in it; a missing one is no error.
    func removeDirectory(_ path: String) throws(FileError)
    /// Gives a file or directory another name; a file replaces what had it.
    func rename(_ path: String, to new: String) throws(FileError)
    /// Makes the names in a directory durable.
    func syncDirectory(_ path: String) throws(FileError)
}

/// An open file, written by the broker's thread and synced by another.
package protocol LogFile: AnyObject, Sendable {
    /// Bytes in the file.
    var size: Int64 { get }
    /// Writes the buffers one behind the other at `position`, all of them or with an error.
    func write(_ buffers: [UnsafeRawBufferPointer], at position: Int64) throws(FileError)
    /// Reads up to the buffer's size; fewer bytes mean the end of the file.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, at position: Int64
    ) throws(FileError) -> Int
    /// Cuts the file off.
    func truncate(to size: Int64) throws(FileError)
    /// Makes everything that was written durable.
    func sync() throws(FileError)
    /// The descriptor for the kernel to send from, if there is one.
    var descriptor: Int32? { get }
}

/// Why a file could not be used.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried.
    package var operation: String
    package var path: String
    /// The system's error number.
    package var number: Int32
    /// What is wrong with the content of the file, where that is the reason.
    package var fault: String?

    package init(_ operation: String, _ path: String, number: Int32, fault: String? = nil) {
        self.operation = operation
        self.path = path
        self.number = number
        self.fault = fault
    }

    /// `write /data/log: error 28`, or `read /data/journal: ` and what is wrong with it.
    package var description: String { "\(operation) \(path): \(fault ?? "error \(number)")" }
}

extension LogFile {
    /// Writes bytes at `position`.
    package func write(_ bytes: [UInt8], at position: Int64) throws(FileError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(FileError) in
            try write([UnsafeRawBufferPointer(buffer)], at: position)
        }
    }
}

extension FileLayer {
    /// The whole content of a small file, nil when it is missing or empty.
    package func content(_ path: String, limit: Int = 64 << 20) throws(FileError) -> [UInt8]? {
        let parts = path.split(separator: "/")
        guard let name = parts.last else { return nil }
        let directory = "/" + parts.dropLast().joined(separator: "/")
        guard try names(in: directory).contains(String(name)) else { return nil }
        let file = try open(path)
        guard file.size > 0, file.size <= Int64(limit) else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(file.size))
        var failure: FileError?
        let count = bytes.withUnsafeMutableBytes { buffer in
            do throws(FileError) {
                return try file.read(into: buffer, at: 0)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return Array(bytes.prefix(count))
    }

    /// Writes a small file so that it is there whole or not at all.
    package func replace(_ path: String, with bytes: [UInt8], durable: Bool) throws(FileError) {
        let temporary = path + ".new"
        try remove(temporary)
        let file = try open(temporary)
        try file.write(bytes, at: 0)
        if durable { try file.sync() }
        try rename(temporary, to: path)
        if durable {
            let parts = path.split(separator: "/").dropLast()
            try syncDirectory("/" + parts.joined(separator: "/"))
        }
    }
}
