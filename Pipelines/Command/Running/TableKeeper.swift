internal import PostgresClient

/// Takes rows away that are too old to be of use, beside the pipeline that writes the tables.
///
/// The statements look at the tables' own times and may be repeated; several workers may run them.
final class TableKeeper: Sendable {
    /// Seconds between two rounds.
    static let intervalSeconds = 60.0

    private let rounds: Rounds

    /// Starts the rounds; a round that fails is made good by the next.
    init(_ statements: [String], _ postgres: PostgresConfiguration) {
        rounds = Rounds("table-keeper", everySeconds: TableKeeper.intervalSeconds) {
            while $0.next() { try? TableKeeper.keep(statements, postgres) }
        }
    }

    deinit { rounds.stop() }

    /// One round.
    static func keep(_ statements: [String], _ postgres: PostgresConfiguration) throws {
        let connection = try PostgresConnection(postgres)
        defer { connection.close() }
        for statement in statements { try connection.script(statement) }
    }
}
