internal import Foundation
internal import Runtime
internal import Synchronization

/// Kills the process at a named place of the commit protocol, for tests of what is left behind:
/// `MILLRACE_CRASH_AT=offsetsSent:3` dies at the third time that a thread stands there.
enum CrashSwitch {
    private struct Trap {
        let point: CrashPoint
        let count: Int
    }

    private static let visits = Atomic<Int>(0)

    private static let trap: Trap? = {
        let setting = ProcessInfo.processInfo.environment["MILLRACE_CRASH_AT"] ?? ""
        let parts = setting.split(separator: ":")
        guard let point = parts.first.flatMap({ CrashPoint(rawValue: String($0)) }) else {
            return nil
        }
        return Trap(point: point, count: parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
    }()

    /// Told where a thread stands; returns unless it is the place.
    static func reached(_ point: CrashPoint) {
        guard let trap, trap.point == point else { return }
        let visit = visits.add(1, ordering: .relaxed).newValue
        // As a power cut: no handler runs, nothing is flushed.
        if visit == trap.count { kill(getpid(), SIGKILL) }
    }
}
