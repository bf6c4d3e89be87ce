internal import Synchronization

/// Counts what a server does.
final class IngestCounters: Sendable {
    private let statistics = Mutex(IngestStatistics())

    func count(_ status: Int) { statistics.withLock { $0.replies[status, default: 0] += 1 } }
    func countBody(_ bytes: Int) { statistics.withLock { $0.bodyBytes += bytes } }
    func countBusy() { statistics.withLock { $0.busy += 1 } }
    func countTimeout() { statistics.withLock { $0.timedOut += 1 } }

    /// The counts so far.
    var snapshot: IngestStatistics { statistics.withLock { $0 } }
}
