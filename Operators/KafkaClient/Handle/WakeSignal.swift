internal import Dispatch
internal import Synchronization

/// Lets one thread wait for the first of many things.
///
/// Edges, not levels: a raise since the last wait ends the next wait at once, and a thousand raises
/// are one.
final class WakeSignal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let raised = Atomic<Bool>(false)

    /// The longest wait, in milliseconds.
    static let maximumWait = 60_000

    /// Ends the present or the next wait; may be called on any thread, also under a C lock.
    func raise() {
        // The semaphore never counts beyond one: whoever finds the flag up leaves it alone.
        if !raised.exchange(true, ordering: .acquiringAndReleasing) { semaphore.signal() }
    }

    /// Waits until raised or the time is over.
    func wait(milliseconds: Int) {
        let bounded = min(max(0, milliseconds), Self.maximumWait)
        guard semaphore.wait(timeout: .now() + .milliseconds(bounded)) == .success else { return }
        // A raise between these two lines needs no other wait: its cause is there to be read.
        raised.store(false, ordering: .sequentiallyConsistent)
    }
}
