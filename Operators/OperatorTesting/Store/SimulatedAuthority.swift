public import Records
public import State

/// The commit authority of a ``SimulatedDatabase``: rows, offsets and checkpoint in one step, for whoever
/// claimed the task last.
public final class SimulatedAuthority: CommitAuthority {
    private let database: SimulatedDatabase
    private var generations: [TaskID: UInt64] = [:]

    init(_ database: SimulatedDatabase) { self.database = database }

    /// Takes a task over.
    public func claim(_ task: TaskID, inputs: [TopicPartition]) throws -> CommitPosition? {
        try database.checkReachable()
        var claim =
            database.claims[task] ?? SimulatedDatabase.Claim(generation: 0, position: nil)
        claim.generation += 1
        database.claims[task] = claim
        generations[task] = claim.generation
        return claim.position
    }

    /// Decides epochs, all or none.
    public func decide(_ decisions: [CommitDecision]) throws {
        try database.checkReachable()
        if database.faults?.strikes(.commitRefused, oneIn: 8) ?? false {
            throw DataflowError(
                .databaseUnavailable, domain: .external, retry: .backoff,
                "the database refused the transaction")
        }
        if database.faults?.strikes(.commitLost, oneIn: 12) ?? false {
            throw SimulatedAuthority.unknown
        }
        for decision in decisions {
            guard let generation = generations[decision.task],
                database.ignoresGenerations
                    || database.claims[decision.task]?.generation == generation
            else {
                throw DataflowError(
                    .fenced, domain: .external, retry: .restart,
                    "\(decision.task) was claimed by somebody else")
            }
        }
        try database.apply(try decisions.flatMap { try database.accepted($0) })
        for decision in decisions {
            database.claims[decision.task]?.position = decision.position
        }
        if database.faults?.strikes(.commitUnheard, oneIn: 12) ?? false {
            throw SimulatedAuthority.unknown
        }
    }

    private static var unknown: DataflowError {
        DataflowError(
            .databaseUnavailable, domain: .external, retry: .restart,
            "the connection broke; the commit may have happened")
    }
}
