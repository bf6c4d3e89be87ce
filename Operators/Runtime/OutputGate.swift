package import Records

/// What becomes of a lane's output when its client refuses some: it waits for room, with everything behind it, or
/// it is lost, and then nothing behind it is written until the worker has heard of that.
package struct OutputGate {
    private let firstPauseMilliseconds: Int64
    private let longestStallMilliseconds: Int64
    /// Since when the client has refused; nil: it takes what it is given.
    private var stalledSince: EventTime?
    private var refusedAt = EventTime.min
    /// Whether output was lost of which the worker has not heard yet: what it has asked to be written behind that
    /// is void, and would only wait for room in its turn.
    private var hasLost = false

    /// A gate with the pauses of a worker.
    package init(_ options: WorkerOptions) {
        firstPauseMilliseconds = options.firstBackoffMilliseconds
        longestStallMilliseconds = options.longestStallMilliseconds
    }

    /// Whether what was refused may be tried again.
    package func isOpen(at now: EventTime) -> Bool {
        now >= refusedAt.advanced(byMilliseconds: firstPauseMilliseconds) || now < refusedAt
    }

    /// Whether a command is not carried out, as it would write behind lost output.
    ///
    /// Output with a ticket stands for itself.
    package func isVoid(_ command: WorkerCommand) -> Bool {
        if hasLost, case .produce(_, nil) = command { true } else { false }
    }

    /// Notes that a command was carried out.
    package mutating func took(_ command: WorkerCommand) {
        if case .produce = command { stalledSince = nil }
    }

    /// Notes that a command failed.
    ///
    /// - Returns: whether it is to be tried again before anything behind it, once the gate is open; else the worker
    ///   is to hear of it.
    package mutating func refused(
        _ command: WorkerCommand, _ error: DataflowError, by clock: any EventClock
    ) -> Bool {
        guard case .produce = command else { return false }
        let now = clock.now()
        let since = stalledSince ?? now
        let stalled = clock.realMilliseconds(for: now.millisecondsSince(since))
        if error.retry == .backoff, stalled < longestStallMilliseconds {
            stalledSince = since
            refusedAt = now
            return true
        }
        stalledSince = nil
        hasLost = true
        return false
    }

    /// Notes what the worker hears before it acts on it.
    ///
    /// Its tasks go on from their last commits when output is lost. What waits of what they have written behind that is
    /// void, wherever it was lost: a marker among it would tell that everything before it was written.
    package mutating func heard(_ event: WorkerEvent, waiting: inout [WorkerCommand]) {
        guard case .failed(.produce, _) = event else { return }
        hasLost = false
        stalledSince = nil
        waiting.removeAll { if case .produce(_, nil) = $0 { true } else { false } }
    }
}
