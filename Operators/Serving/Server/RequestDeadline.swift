internal import NIOCore
internal import Synchronization

/// Bounds the time from a request's head to its reply.
///
/// While the request is read, running out of time closes the connection's input, which ends the
/// reading. While it is handled, the reply is given without the handler, which is cancelled and may
/// still finish: only it knows whether its work can be undone.
final class RequestDeadline: Sendable {
    private enum Phase {
        case reading
        case handling(CheckedContinuation<IngestReply, Never>, Task<Void, Never>?)
        case over
    }

    private let phase = Mutex(Phase.reading)
    private let expired = Mutex(false)
    private let channel: any Channel

    init(channel: any Channel) {
        self.channel = channel
    }

    /// Whether time ran out before the request was read.
    var isOver: Bool {
        phase.withLock { if case .over = $0 { true } else { false } }
    }

    /// Whether time ran out before there was a reply.
    var hasExpired: Bool { expired.withLock { $0 } }

    /// Starts the clock; the caller cancels it.
    func start(_ amount: TimeAmount) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: amount) { self.expire() }
    }

    /// Ends the wait.
    func expire() {
        let phase = phase.withLock { phase in
            let before = phase
            phase = .over
            return before
        }
        if case .over = phase { return }
        expired.withLock { $0 = true }
        switch phase {
        case .reading: channel.close(mode: .input, promise: nil)
        case .handling(let continuation, let task):
            continuation.resume(
                returning: .error(
                    503, code: "timeout", message: "the request was not done in time",
                    retryAfterSeconds: 1))
            task?.cancel()
        case .over: break
        }
    }

    /// The handler's reply, or the deadline's when that comes first.
    func reply(of handler: @escaping @Sendable () async -> IngestReply) async -> IngestReply {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isLate = phase.withLock { phase in
                    if case .over = phase { return true }
                    phase = .handling(continuation, nil)
                    return false
                }
                guard !isLate else {
                    continuation.resume(
                        returning: .error(
                            408, code: "timeout", message: "the request was not read in time"))
                    return
                }
                let task = Task { self.finish(await handler()) }
                let isOver = phase.withLock { phase in
                    guard case .handling(let continuation, _) = phase else { return true }
                    phase = .handling(continuation, task)
                    return false
                }
                if isOver { task.cancel() }
            }
        } onCancel: {
            expire()
        }
    }

    private func finish(_ reply: IngestReply) {
        let phase = phase.withLock { phase in
            let before = phase
            phase = .over
            return before
        }
        if case .handling(let continuation, _) = phase { continuation.resume(returning: reply) }
    }
}
