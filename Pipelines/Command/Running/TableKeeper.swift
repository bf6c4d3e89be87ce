internal import Dispatch
internal import PostgresClient

/// Takes rows away that are too old to be of use, beside the pipeline that writes the tables.
///
/// The statements look at the tables' own times and may be repeated; several workers may run them.
final class TableKeeper: Sendable {
    /// Seconds between two rounds.
    static let intervalSeconds = 60

    private let rounds: Task<Void, Never>

    /// Starts the rounds; a round that fails is made good by the next.
    init(_ statements: [String], _ postgres: PostgresConfiguration) {
        rounds = Task {
            while (try? await Task.sleep(for: .seconds(TableKeeper.intervalSeconds))) != nil {
                // Off the pool of tasks, whose threads must not wait for a database.
                DispatchQueue.global().async {
                    try? TableKeeper.keep(statements, postgres)
                }
            }
        }
    }

    deinit { rounds.cancel() }

    /// One round.
    static func keep(_ statements: [String], _ postgres: PostgresConfiguration) throws {
        let connection = try PostgresConnection(postgres)
        defer { connection.close() }
        for statement in statements { try connection.script(statement) }
    }
}
