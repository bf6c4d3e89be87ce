internal import Dispatch
internal import Records
internal import Synchronization

/// A bounded number of connections for services that ask from `async` code.
///
/// Each connection belongs to one thread of the pool's own, on which the blocking calls run, so that none
/// stands on Swift's cooperative threads. A connection is made when it is first needed, looked at before
/// each use, and replaced when it has broken. Waiting is bounded in number and time.
package final class PostgresPool: Sendable {
    private struct Waiting {
        var id: UInt64
        var run: @Sendable (PoolThread) -> Void
        var fail: @Sendable (any Error) -> Void
        var timeout: Task<Void, Never>?
    }

    private struct State {
        var waiting: [Waiting] = []
        var lastID: UInt64 = 0
        var threads = 0
        var idleThreads = 0
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    /// How many connections there are at most.
    package let size: Int
    /// How many callers may wait at most.
    package let maximumWaiting: Int
    /// How long a caller waits at most.
    package let waitTimeout: Duration

    private let configuration: PostgresConfiguration
    private let clock: any Clock<Duration>
    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)

    /// Makes a pool; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - size: the most connections, at least 1.
    ///   - maximumWaiting: the most callers that wait for one; further ones are refused.
    ///   - waitTimeout: the longest wait, by `clock`.
    package init(
        _ configuration: PostgresConfiguration, size: Int = 4, maximumWaiting: Int = 256,
        waitTimeout: Duration = .seconds(5), clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.configuration = configuration
        self.size = max(1, size)
        self.maximumWaiting = max(0, maximumWaiting)
        self.waitTimeout = waitTimeout
        self.clock = clock
    }

    /// Runs `body` with a connection on a thread of the pool and gives what it returns.
    ///
    /// A transaction that `body` leaves open is rolled back. A cancelled caller stops waiting; a body that
    /// has begun runs to its end, which the statement timeout bounds.
    ///
    /// - Throws: what `body` throws; ``PostgresError`` `.unreachable` or `.refused` when there is no
    ///   connection, `.exhausted` when too many wait or the wait was too long; `CancellationError`.
    package func withConnection<T: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> T
    ) async throws -> T {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enqueue(
                    Waiting(
                        id: id,
                        run: { thread in
                            continuation.resume(with: Result { try body(try thread.lease()) })
                        },
                        fail: { continuation.resume(throwing: $0) }))
                // The handler may have run before there was anything to give up.
                if Task.isCancelled { giveUp(id, CancellationError()) }
            }
        } onCancel: {
            giveUp(id, CancellationError())
        }
    }

    /// Refuses whoever waits or comes from now on and returns when all connections are closed.
    package func close() async {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for each in waiting {
            each.timeout?.cancel()
            each.fail(PostgresPool.closed)
        }
        await withCheckedContinuation { continuation in
            let threads = state.withLock { state in
                if state.threads > 0 { state.closers.append(continuation) }
                return state.threads
            }
            if threads == 0 { continuation.resume() }
            for _ in 0..<threads { wakeUp.signal() }
        }
    }

    private static let closed = PostgresError(.misuse, "the pool of connections is closed")

    private enum Admission {
        case refused(PostgresError)
        case queued(startThread: Bool, mayWait: Bool)
    }

    private func enqueue(_ waiting: Waiting) {
        switch admit(waiting) {
        case .refused(let error): waiting.fail(error)
        case .queued(let startThread, let mayWait):
            wakeUp.signal()
            if startThread { start() }
            if mayWait { limitWait(waiting.id) }
        }
    }

    private func admit(_ waiting: Waiting) -> Admission {
        state.withLock { state in
            if state.isClosed { return .refused(PostgresPool.closed) }
            let free = state.idleThreads + (size - state.threads)
            guard state.waiting.count < maximumWaiting + free else {
                return .refused(
                    PostgresError(
                        .exhausted,
                        "\(maximumWaiting) callers wait for one of \(size) connections"))
            }
            state.waiting.append(waiting)
            let startThread =
                state.waiting.count > state.idleThreads && state.threads < size
            if startThread {
                state.threads += 1
                state.idleThreads += 1
            }
            return .queued(
                startThread: startThread, mayWait: state.waiting.count > state.idleThreads)
        }
    }

    private func limitWait(_ id: UInt64) {
        let timeout = Task { [self] in
            // A cancelled sleep means that the wait is over.
            guard (try? await clock.sleep(for: waitTimeout)) != nil else { return }
            giveUp(
                id, PostgresError(.exhausted, "no connection was free within \(waitTimeout)"))
        }
        let isWaiting = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return false }
            state.waiting[index].timeout = timeout
            return true
        }
        if !isWaiting { timeout.cancel() }
    }

    /// Takes a caller out of the queue; nothing happens to one whose body has begun.
    private func giveUp(_ id: UInt64, _ error: any Error) {
        let waiting = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        waiting?.timeout?.cancel()
        waiting?.fail(error)
    }

    private func start() {
        let isStarted = startThread { [self] in
            let thread = PoolThread(configuration)
            while let next = next() {
                next.timeout?.cancel()
                next.run(thread)
                thread.giveBack()
                state.withLock { $0.idleThreads += 1 }
            }
            thread.close()
            end()
        }
        guard !isStarted else { return }
        let stranded = state.withLock { state in
            state.threads -= 1
            state.idleThreads -= 1
            defer { if state.threads == 0 { state.waiting = [] } }
            return state.threads == 0 ? state.waiting : []
        }
        for each in stranded {
            each.timeout?.cancel()
            each.fail(PostgresError(.exhausted, "no thread could be started"))
        }
    }

    /// The next caller, for a thread that has been idle; nil when the pool is closed.
    ///
    /// A wake-up whose caller has given up in the meantime is passed over.
    private func next() -> Waiting? {
        while true {
            wakeUp.wait()
            let (next, isClosed) = state.withLock { state in
                guard !state.waiting.isEmpty else { return (nil as Waiting?, state.isClosed) }
                state.idleThreads -= 1
                return (state.waiting.removeFirst(), false)
            }
            if let next { return next }
            if isClosed { return nil }
        }
    }

    private func end() {
        let closers = state.withLock { state in
            state.threads -= 1
            state.idleThreads -= 1
            defer { if state.threads == 0 { state.closers = [] } }
            return state.threads == 0 ? state.closers : []
        }
        for closer in closers { closer.resume() }
    }
}
