internal import Records
internal import Synchronization

/// The port of a server, for those who ask before there is one.
final class BoundPort: Sendable {
    private enum State {
        case waiting([CheckedContinuation<Result<Int, DataflowError>, Never>])
        case known(Result<Int, DataflowError>)
    }

    private let state = Mutex(State.waiting([]))

    /// Tells everybody; only the first time counts.
    func tell(_ result: Result<Int, DataflowError>) {
        let waiting = state.withLock { state in
            guard case .waiting(let waiting) = state else {
                return [CheckedContinuation<Result<Int, DataflowError>, Never>]()
            }
            state = .known(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: result) }
    }

    /// Waits until it is known.
    func wait() async throws(DataflowError) -> Int {
        let result: Result<Int, DataflowError> = await withCheckedContinuation { continuation in
            let known: Result<Int, DataflowError>? = state.withLock { state in
                switch state {
                case .known(let result): return result
                case .waiting(let waiting):
                    state = .waiting(waiting + [continuation])
                    return nil
                }
            }
            if let known { continuation.resume(returning: known) }
        }
        return try result.get()
    }
}
