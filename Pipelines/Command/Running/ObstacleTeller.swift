internal import Foundation
internal import PostgresClient
internal import Runtime

/// Tells in PostgreSQL what keeps this worker's partitions from being read.
///
/// Without an obstacle it doesn't even connect.
final class ObstacleTeller: Sendable {
    /// How long ``stop()`` waits for what was told to be taken back.
    static let stopSeconds = 5.0

    private let rounds: Rounds

    /// Starts the rounds; one that fails is told of on standard error, and made good by the next.
    ///
    /// - Parameter intervalSeconds: much less than ``ObstacleTable/believedSeconds``.
    init(
        run: String, _ postgres: PostgresConfiguration, _ troubles: TroubleLog,
        intervalSeconds: Double = 5, status: @escaping @Sendable () -> [LaneStatus]
    ) {
        let process = ProcessInfo.processInfo
        let worker =
            "\(process.hostName)/\(process.processIdentifier)-"
            + String(UInt32.random(in: .min ... .max), radix: 16)
        rounds = Rounds("\(run)-obstacles", everySeconds: intervalSeconds) { rounds in
            var connection: PostgresConnection?
            var hasTold = false
            var goesOn = true
            while goesOn {
                goesOn = rounds.next()
                // Whoever stops has nothing in its way any more.
                let rows = goesOn ? ObstacleTable.rows(status(), worker: worker) : []
                if rows.isEmpty, !hasTold { continue }
                do {
                    let present = try connection ?? PostgresConnection(postgres)
                    connection = present
                    try ObstacleTable.tell(rows, run: run, worker: worker, on: present)
                    hasTold = !rows.isEmpty
                } catch {
                    troubles.note(run, "tell what is in the way", any: error)
                    connection?.close()
                    connection = nil
                }
            }
            connection?.close()
        }
    }

    /// Takes back what was told, and ends; waits for that a few seconds at most.
    func stop() { rounds.stop(waitingSeconds: ObstacleTeller.stopSeconds) }
}
