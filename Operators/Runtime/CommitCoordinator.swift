internal import Records
internal import State

/// The commits of one worker, one after the other: prepare, decide, acknowledge.
///
/// A commit covers every task that has something to record. Until it is decided nothing flows in them;
/// whether it happened is the authority's word alone.
struct CommitCoordinator {
    /// A commit under way.
    struct Commit {
        let id: UInt64
        let tasks: [Int32]
        let decisions: [CommitDecision]
        var isPrepared: Bool
        var isFlushed: Bool
        var isAsked = false
    }

    /// The number that no commit has.
    static let noCommit: UInt64 = 0

    private(set) var current: Commit?
    private var lastID: UInt64 = 0
    /// When the last commit was decided.
    private(set) var committedAt: EventTime = .min

    var isBusy: Bool { current != nil }

    /// Begins a commit.
    ///
    /// - Returns: the commands that prepare it.
    mutating func begin(
        _ decisions: [CommitDecision], writes: [CheckpointWrite], producesOutput: Bool
    ) -> [WorkerCommand] {
        lastID += 1
        current = Commit(
            id: lastID, tasks: decisions.map(\.task.partition), decisions: decisions,
            isPrepared: writes.isEmpty, isFlushed: !producesOutput)
        var commands: [WorkerCommand] = []
        if !writes.isEmpty { commands.append(.prepare(commit: lastID, writes)) }
        if producesOutput { commands.append(.flush(commit: lastID)) }
        return commands + decideIfReady()
    }

    mutating func prepared(_ id: UInt64) -> [WorkerCommand] {
        guard current?.id == id else { return [] }
        current?.isPrepared = true
        return decideIfReady()
    }

    mutating func flushed(_ id: UInt64) -> [WorkerCommand] {
        guard current?.id == id else { return [] }
        current?.isFlushed = true
        return decideIfReady()
    }

    private mutating func decideIfReady() -> [WorkerCommand] {
        guard let commit = current, commit.isPrepared, commit.isFlushed, !commit.isAsked else {
            return []
        }
        current?.isAsked = true
        return [.decide(commit: commit.id, commit.decisions)]
    }

    /// Ends a commit that was decided.
    ///
    /// - Returns: whether it was the commit under way.
    mutating func decided(_ id: UInt64, now: EventTime) -> Bool {
        guard current?.id == id else { return false }
        current = nil
        committedAt = now
        return true
    }

    /// Forgets the commit under way, whatever becomes of it.
    mutating func abandon() -> [Int32] {
        defer { current = nil }
        return current?.tasks ?? []
    }

    /// Puts off the next commit: nothing was to be recorded.
    mutating func skip(now: EventTime) { committedAt = now }
}
