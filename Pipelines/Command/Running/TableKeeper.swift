internal import PostgresClient

/// Takes rows away that are too old to be of use, beside the pipeline that writes the tables.
///
/// The statements look at the tables' own times and may be repeated; several workers may run them.
final class TableKeeper: Sendable {
    /// Seconds between two rounds.
    static let intervalSeconds = 60.0

    private let rounds: Rounds

    /// Starts the rounds; a round that fails is told of, and made good by the next.
    init(
        _ statements: [String], _ postgres: PostgresConfiguration, _ troubles: TroubleLog,
        everySeconds seconds: Double = TableKeeper.intervalSeconds
    ) {
        rounds = Rounds("table-keeper", everySeconds: seconds) {
            while $0.next() {
                do {
                    try TableKeeper.keep(statements, postgres)
                } catch {
                    troubles.note("table-keeper", "delete old rows", any: error)
                }
            }
        }
    }

    deinit { rounds.stop() }

    /// Ends the rounds behind the one that is under way.
    func stop() { rounds.stop() }

    /// One round.
    static func keep(_ statements: [String], _ postgres: PostgresConfiguration) throws {
        let connection = try PostgresConnection(postgres)
        defer { connection.close() }
        for statement in statements { try connection.script(statement) }
    }
}
