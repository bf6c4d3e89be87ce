internal import Foundation

/// A thread of its own for what is done every few seconds beside a pipeline and waits for clusters or databases.
final class Rounds: @unchecked Sendable {
    // Guarded by `condition`; everything else is immutable.
    private let condition = NSCondition()
    private var isStopped = false
    private var hasEnded = false

    private let seconds: Double

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - seconds: the pause between two rounds.
    ///   - body: asks ``next()`` for each round, and returns once there is none.
    init(_ name: String, everySeconds seconds: Double, _ body: @escaping @Sendable (Rounds) -> Void)
    {
        self.seconds = seconds
        let thread = Thread { [self] in
            body(self)
            condition.lock()
            hasEnded = true
            condition.broadcast()
            condition.unlock()
        }
        thread.name = name
        thread.start()
    }

    /// Waits for the next round.
    ///
    /// - Returns: false when none is to follow.
    func next() -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while !isStopped, condition.wait(until: end) {}
        return !isStopped
    }

    /// Ends the rounds behind the one that is under way.
    ///
    /// - Parameter seconds: for how long the end is waited for.
    func stop(waitingSeconds seconds: Double = 0) {
        let end = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        isStopped = true
        condition.broadcast()
        if seconds > 0 { while !hasEnded, condition.wait(until: end) {} }
        condition.unlock()
    }
}
