internal import Foundation
internal import PostgresClient
internal import Records
internal import Runtime

/// Tells in PostgreSQL what keeps this worker's partitions from being read.
///
/// It has a thread of its own, as it waits for the database. Without an obstacle it doesn't even connect.
final class ObstacleTeller: @unchecked Sendable {
    // Guarded by `condition`; everything else is immutable.
    private let condition = NSCondition()
    private var isStopped = false
    private var hasEnded = false

    private let run: String
    private let worker: String
    private let postgres: PostgresConfiguration
    private let troubles: TroubleLog

    /// Seconds between two rounds; much less than ``ObstacleTable/believedSeconds``.
    private let intervalSeconds: Double

    /// Starts the rounds; one that fails is told of on standard error, and made good by the next.
    init(
        run: String, _ postgres: PostgresConfiguration, _ troubles: TroubleLog,
        intervalSeconds: Double = 5, status: @escaping @Sendable () -> [LaneStatus]
    ) {
        self.run = run
        self.postgres = postgres
        self.troubles = troubles
        self.intervalSeconds = intervalSeconds
        let process = ProcessInfo.processInfo
        worker =
            "\(process.hostName)/\(process.processIdentifier)-"
            + String(UInt32.random(in: .min ... .max), radix: 16)
        let thread = Thread { [self] in
            var connection: PostgresConnection?
            var hasTold = false
            var goesOn = true
            while goesOn {
                goesOn = waitForRound()
                // Whoever stops has nothing in its way any more.
                let rows = goesOn ? ObstacleTable.rows(status(), worker: worker) : []
                if rows.isEmpty, !hasTold { continue }
                if tell(rows, &connection) { hasTold = !rows.isEmpty }
            }
            connection?.close()
            condition.lock()
            hasEnded = true
            condition.broadcast()
            condition.unlock()
        }
        thread.name = "\(run)-obstacles"
        thread.start()
    }

    /// Takes back what was told, and ends; waits for that a few seconds at most.
    func stop() {
        let end = Date(timeIntervalSinceNow: 5)
        condition.lock()
        isStopped = true
        condition.broadcast()
        while !hasEnded, condition.wait(until: end) {}
        condition.unlock()
    }

    /// - Returns: false when it is to end.
    private func waitForRound() -> Bool {
        let end = Date(timeIntervalSinceNow: intervalSeconds)
        condition.lock()
        defer { condition.unlock() }
        while !isStopped, condition.wait(until: end) {}
        return !isStopped
    }

    private func tell(_ rows: [ObstacleTable.Row], _ connection: inout PostgresConnection?) -> Bool
    {
        do {
            let present = try connection ?? PostgresConnection(postgres)
            connection = present
            try ObstacleTable.tell(rows, run: run, worker: worker, on: present)
            return true
        } catch {
            connection?.close()
            connection = nil
            troubles.note(
                run, "tell what is in the way",
                (error as? PostgresError)?.dataflowError ?? error as? DataflowError
                    ?? DataflowError(.invariant, domain: .internal, "\(error)"))
            return false
        }
    }
}
