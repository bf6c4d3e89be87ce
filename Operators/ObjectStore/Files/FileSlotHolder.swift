internal import Glibc
internal import Records
public import State

/// Holds a slot by a lock on a file beside the checkpoints, for pipelines without a database on one machine.
///
/// The system frees the lock of a process that dies, so whoever comes back has its slot at once.
public final class FileSlotHolder: SlotHolder {
    /// The most slots of one stage.
    static let maximumSlots: Int32 = 10_000

    private let directory: String
    private var file: Int32 = -1
    private var slot: Int32 = -1

    /// Makes a holder of nothing.
    ///
    /// - Parameter root: the checkpoints' directory, which is there.
    /// - Throws: `.storeUnavailable` when the directory of locks can't be made.
    public init(root: String, run: String, stage: String) throws {
        directory = "\(root)/\(FileSlotHolder.folder)/\(run).\(stage)"
        for path in ["\(root)/\(FileSlotHolder.folder)", directory] {
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw FileSlotHolder.failure(path, errno)
            }
        }
    }

    deinit { release() }

    /// No checkpoint can have this name.
    private static let folder = "~slots"

    /// Keeps the slot, or takes the lowest whose lock is free.
    public func hold() throws -> Int32 {
        if file >= 0 { return slot }
        for number in 0..<FileSlotHolder.maximumSlots {
            let path = "\(directory)/\(number)"
            let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
            guard opened >= 0 else { throw FileSlotHolder.failure(path, errno) }
            if flock(opened, LOCK_EX | LOCK_NB) == 0 {
                file = opened
                slot = number
                return number
            }
            close(opened)
        }
        throw DataflowError(
            .limitExceeded, domain: .external,
            "all \(FileSlotHolder.maximumSlots) slots below \(directory) are held")
    }

    /// Gives the slot back.
    public func release() {
        if file >= 0 { close(file) }
        file = -1
    }

    private static func failure(_ path: String, _ code: Int32) -> DataflowError {
        DataflowError(
            .storeUnavailable, domain: .external, retry: .backoff,
            "\(path) can't be opened: \(String(cString: strerror(code)))")
    }
}
