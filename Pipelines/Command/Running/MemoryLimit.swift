internal import Foundation

/// How much memory this process may have before the kernel ends it.
enum MemoryLimit {
    /// What part of it all state may have, as operators write it: tables, indexes and batches under way take
    /// about as much again and again.
    static let stateShare = 4

    /// The machine's memory, or what a control group leaves of it.
    static var bytes: Int {
        let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        let files = [
            "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        ]
        return files.compactMap(limit).reduce(machine, min)
    }

    /// What a file of a control group says; nil when it says no number.
    static func limit(_ path: String) -> Int? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
