public import Records
internal import Runtime
public import State

/// The commit authority of a ``SimulatedDatabase``: rows, offsets and checkpoint of a task in one step, for whoever
/// claimed the task last; task after task, as PostgreSQL's.
public final class SimulatedAuthority: CommitAuthority {
    private let database: SimulatedDatabase
    private let reached: (CrashPoint) throws -> Void
    private var generations: [TaskID: UInt64] = [:]

    init(_ database: SimulatedDatabase, reached: @escaping (CrashPoint) throws -> Void) {
        self.database = database
        self.reached = reached
    }

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

    /// Decides task after task, each by itself.
    ///
    /// - Throws: `TasksRefused` when all are decided but those whose tables take nothing. An error with retry `.restart`
    ///   when the outcome of one is unknown, or when one failed after others were decided: then each is to be claimed
    ///   anew.
    public func decide(_ decisions: [CommitDecision]) throws {
        try database.checkReachable()
        var count = 0
        var refused: [TaskID: DataflowError] = [:]
        do {
            for decision in decisions {
                if count > 0 { try reached(.deciding) }
                do {
                    try decide(decision)
                    count += 1
                } catch let error as DataflowError
                    where error.code == .rejected && error.retry == .backoff
                {
                    refused[decision.task] = error
                }
            }
        } catch var error as DataflowError {
            if error.code != .fenced, count > 0 { error.retry = .restart }
            if error.retry == .restart {
                for decision in decisions { generations[decision.task] = nil }
            }
            throw error
        }
        if !refused.isEmpty { throw TasksRefused(refused) }
    }

    private func decide(_ decision: CommitDecision) throws {
        if database.faults?.strikes(.commitRefused, oneIn: 8) ?? false {
            throw DataflowError(
                .databaseUnavailable, domain: .external, retry: .backoff,
                "the database refused the transaction")
        }
        if database.faults?.strikes(.commitLost, oneIn: 12) ?? false {
            throw SimulatedAuthority.unknown
        }
        guard let generation = generations[decision.task],
            database.ignoresGenerations
                || database.claims[decision.task]?.generation == generation
        else {
            throw DataflowError(
                .fenced, domain: .external, retry: .restart,
                "\(decision.task) was claimed by somebody else")
        }
        if !decision.tables.isEmpty { try database.checkTables(of: decision.task) }
        try database.apply(try database.accepted(decision))
        database.claims[decision.task]?.position = decision.position
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
