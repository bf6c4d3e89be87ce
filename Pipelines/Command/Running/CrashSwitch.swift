internal import Foundation
internal import Records
internal import Runtime
internal import Synchronization

/// Breaks the process at a named place of the commit protocol, for tests of what becomes of the rest:
/// `MILLRACE_CRASH_AT=offsetsSent:3` kills it at the third time that a thread stands there, and
/// `MILLRACE_FAIL_AT=prepared:1` lets that thread alone fail, for good.
enum CrashSwitch {
    private struct Trap {
        let point: CrashPoint
        let count: Int

        init?(_ variable: String) {
            let setting = ProcessInfo.processInfo.environment[variable] ?? ""
            let parts = setting.split(separator: ":")
            guard let point = parts.first.flatMap({ CrashPoint(rawValue: String($0)) }) else {
                return nil
            }
            self.point = point
            count = parts.count > 1 ? Int(parts[1]) ?? 1 : 1
        }
    }

    private static let crash = Trap("MILLRACE_CRASH_AT")
    private static let failure = Trap("MILLRACE_FAIL_AT")
    private static let crashVisits = Atomic<Int>(0)
    private static let failureVisits = Atomic<Int>(0)

    /// Told where a thread stands; returns unless it is the place.
    static func reached(_ point: CrashPoint) throws {
        if let crash, crash.point == point {
            let visit = crashVisits.add(1, ordering: .relaxed).newValue
            // As a power cut: no handler runs, nothing is flushed.
            if visit == crash.count { kill(getpid(), SIGKILL) }
        }
        if let failure, failure.point == point {
            let visit = failureVisits.add(1, ordering: .relaxed).newValue
            if visit == failure.count {
                throw DataflowError(
                    .invariant, domain: .internal, "told to fail by MILLRACE_FAIL_AT")
            }
        }
    }
}
