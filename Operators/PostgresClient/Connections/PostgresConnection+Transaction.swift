internal import CPostgres

extension PostgresConnection {
    /// Runs `body` in a transaction (READ COMMITTED) and commits it; whatever `body` throws rolls it
    /// back and is thrown on.
    ///
    /// - Throws: `.outcomeUnknown` when the connection breaks while COMMIT is under way: then nobody
    ///   but the database knows whether it happened. Any other error means that it did not.
    package func transaction<T>(_ body: () throws -> T) throws -> T {
        guard isIdle || isBroken else {
            throw PostgresError(.misuse, "a transaction is already open on this connection")
        }
        try script("BEGIN ISOLATION LEVEL READ COMMITTED")
        let value: T
        do {
            value = try body()
        } catch {
            rollback()
            throw error
        }
        try commit()
        return value
    }

    private func rollback() {
        guard !isBroken else { return }
        // Whatever can't be rolled back is rolled back by the end of the session.
        do { try script("ROLLBACK") } catch { close() }
    }

    private func commit() throws {
        guard !isBroken else { throw error(of: nil) }
        do {
            let result = try checked(try answer { PQsendQuery(handle, "COMMIT") })
            guard result.commandTag == "COMMIT" else {
                throw PostgresError(
                    .conflict, "the transaction had failed before and was rolled back at COMMIT")
            }
        } catch let error as PostgresError {
            guard isBroken || error.condition == .connectionLost else { throw error }
            close()
            throw PostgresError(
                .outcomeUnknown, sqlState: error.sqlState,
                "the connection was lost during COMMIT; its outcome is unknown")
        }
    }
}
