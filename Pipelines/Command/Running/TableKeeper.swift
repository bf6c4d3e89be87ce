internal import PostgresClient
internal import Records

/// Takes rows away that are too old to be of use, beside the pipeline that writes the tables.
///
/// Several workers may keep one table.
final class TableKeeper: Sendable {
    /// Seconds between two rounds.
    static let intervalSeconds = 60.0

    private let rounds: Rounds

    /// Starts the rounds; a round that fails is told of, and made good by the next.
    init(
        _ tables: [AgeingTable], _ postgres: PostgresConfiguration, clock: any EventClock,
        _ troubles: TroubleLog, everySeconds seconds: Double = TableKeeper.intervalSeconds
    ) {
        rounds = Rounds("table-keeper", everySeconds: seconds) {
            var tables = tables
            while $0.next() {
                do {
                    try TableKeeper.keep(&tables, postgres, now: clock.now())
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
    static func keep(
        _ tables: inout [AgeingTable], _ postgres: PostgresConfiguration, now: EventTime
    ) throws {
        let connection = try PostgresConnection(postgres)
        defer { connection.close() }
        for index in tables.indices { try tables[index].keep(connection, now: now) }
    }
}
