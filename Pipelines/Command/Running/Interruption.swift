internal import Synchronization

/// That somebody asked the process to stop: set once by a signal, looked at by whoever can stop in order.
final class Interruption: Sendable {
    private let requested = Atomic<Bool>(false)

    /// Whether it is time to stop.
    var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Asks everybody to stop.
    func request() { requested.store(true, ordering: .relaxed) }

    /// Asks everybody to stop when a signal comes.
    func follow(_ signals: StopSignals) -> Task<Void, Never> {
        Task {
            await signals.wait()
            if Task.isCancelled { return }
            request()
        }
    }
}
