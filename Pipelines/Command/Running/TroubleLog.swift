internal import Foundation
internal import PostgresClient
internal import Records
internal import Synchronization

/// Tells people what goes wrong while a pipeline runs: the first of its kind at once, then how many there were.
final class TroubleLog: Sendable {
    private struct Kind: Hashable {
        let place: String
        let attempt: String
        let code: String
    }

    private struct Count {
        var toldAt: ContinuousClock.Instant
        var untold = 0
    }

    /// How long a kind is counted before it is told again.
    static let interval = Duration.seconds(10)
    /// The most kinds that are kept apart; more are told as they come.
    static let maximumKinds = 1_000

    private let counts = Mutex<[Kind: Count]>([:])
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let write: @Sendable (String) -> Void

    /// Writes to standard error, unless told otherwise.
    init(
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now },
        write: @escaping @Sendable (String) -> Void = {
            FileHandle.standardError.write(Data("\($0)\n".utf8))
        }
    ) {
        self.clock = clock
        self.write = write
    }

    /// Notes a failure of whatever kind.
    func note(_ place: String, _ attempt: String, any error: any Error) {
        note(
            place, attempt,
            (error as? PostgresError)?.dataflowError ?? error as? DataflowError
                ?? DataflowError(.invariant, domain: .internal, "\(error)"))
    }

    /// Notes a failure.
    ///
    /// - Parameters:
    ///   - place: the pipeline and its stage.
    ///   - attempt: what was attempted.
    func note(_ place: String, _ attempt: String, _ error: DataflowError) {
        let now = clock()
        let kind = Kind(place: place, attempt: attempt, code: error.code.rawValue)
        let untold: Int? = counts.withLock { counts in
            guard var count = counts[kind] else {
                if counts.count < TroubleLog.maximumKinds { counts[kind] = Count(toldAt: now) }
                return 0
            }
            defer { counts[kind] = count }
            if now - count.toldAt < TroubleLog.interval {
                count.untold += 1
                return nil
            }
            defer { count = Count(toldAt: now) }
            return count.untold
        }
        guard let untold else { return }
        let more = untold > 0 ? " (and \(untold) more since)" : ""
        write("\(place), \(attempt): \(error)\(more)")
    }
}
