internal import Glibc

/// The connection of one of the pool's threads.
final class PoolThread {
    private let session: PostgresSession

    init(_ configuration: PostgresConfiguration) { session = PostgresSession(configuration) }

    /// A connection that answers, as far as can be told without a round trip.
    func lease() throws -> PostgresConnection { try session.connection() }

    /// Closes a connection that was left inside a transaction: the server rolls it back.
    func giveBack() { session.closeUnlessIdle() }

    func close() { session.close() }
}

/// Starts a detached thread; false when the system has none to give.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    let box = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { argument in
            if let argument {
                Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            }
            return nil
        }, box.toOpaque())
    guard code == 0 else {
        box.release()
        return false
    }
    pthread_detach(thread)
    return true
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
