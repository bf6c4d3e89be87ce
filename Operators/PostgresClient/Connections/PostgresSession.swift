/// A connection that is made when it is needed and replaced when it has broken; of one thread.
final class PostgresSession {
    let configuration: PostgresConfiguration
    private var current: PostgresConnection?

    init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
    }

    /// A connection outside of any transaction.
    func connection() throws -> PostgresConnection {
        if let current {
            if current.isHealthy() { return current }
            current.close()
        }
        current = nil
        let fresh = try PostgresConnection(configuration)
        current = fresh
        return fresh
    }

    /// Drops a connection that is broken or inside a transaction.
    func closeUnlessIdle() {
        if let current, current.isBroken || !current.isIdle { close() }
    }

    func close() {
        current?.close()
        current = nil
    }
}
