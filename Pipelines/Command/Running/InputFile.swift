internal import Foundation
internal import Glibc
internal import Records

/// A file, a pipe or standard input, read as its bytes come: what another process writes into it line by line is
/// there line by line, and nobody is blocked while it is silent.
final class InputFile {
    /// The most bytes of a chunk.
    static let chunkBytes = 1 << 16
    /// How long to wait before a silent input is looked at again.
    static let pause = Duration.milliseconds(20)

    private let descriptor: Int32
    private let isOwned: Bool
    private let path: String

    /// Opens the file at a path; `-` is standard input.
    ///
    /// - Throws: `.invalidConfiguration` when it can't be opened.
    init(_ path: String) throws {
        self.path = path
        isOwned = path != "-"
        // A pipe without a writer yet is waited for by `next`, which can be interrupted.
        descriptor = isOwned ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : STDIN_FILENO
        if descriptor < 0 { throw InputFile.error("\(path) can't be opened", errno) }
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    /// The next bytes, as soon as there are any; nil at the end, and when the run is interrupted.
    ///
    /// - Throws: `.invalidConfiguration` when the file can't be read.
    func next(unless interruption: Interruption) async throws -> [UInt8]? {
        while !interruption.isRequested {
            var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // Without waiting: the thread belongs to others too.
            guard poll(&state, 1, 0) > 0 else {
                try await Task.sleep(for: InputFile.pause)
                continue
            }
            var (count, code): (Int, Int32) = (0, 0)
            let bytes = [UInt8](unsafeUninitializedCapacity: InputFile.chunkBytes) {
                count = Glibc.read(descriptor, $0.baseAddress, $0.count)
                code = errno
                $1 = max(0, count)
            }
            if count >= 0 { return bytes.isEmpty ? nil : bytes }
            guard code == EINTR || code == EAGAIN else {
                throw InputFile.error("\(path) can't be read", code)
            }
        }
        return nil
    }

    private static func error(_ what: String, _ code: Int32) -> DataflowError {
        DataflowError(
            .invalidConfiguration, domain: .user, "\(what): \(String(cString: strerror(code)))")
    }
}
