package import OperatorTesting
package import Runtime

/// What came of many cases together.
package struct SimulationSummary: Sendable {
    /// From how many seeds on each crash point and each fault must have been hit.
    ///
    /// A seed is killed at one of the places and has two tries; the rarest place (``CrashPoint/collecting``) needs
    /// a commit behind a restore. No hundred seeds in a row were seen that hit all but one.
    package static let seedsForCoverage = 200

    /// How many cases were played.
    package private(set) var played = 0
    /// The cases that were not clean, each with what was wrong.
    package private(set) var failures: [(item: SimulationCase, report: SimulationCase.Report)] = []
    /// How often workers were killed at each place of the commit protocol.
    package private(set) var crashes: [CrashPoint: Int] = [:]
    /// How often each fault struck.
    package private(set) var faults: [Fault: Int] = [:]
    /// How many commits were decided for some of their tasks, and refused for others.
    package private(set) var commitsInPart = 0
    /// How many published records and rows were compared with the oracle's.
    package private(set) var recordsChecked = 0

    /// Nothing yet.
    package init() {}

    /// Counts a case.
    package mutating func add(_ item: SimulationCase, _ report: SimulationCase.Report) {
        played += 1
        if !report.problems.isEmpty { failures.append((item, report)) }
        crashes.merge(report.crashes, uniquingKeysWith: +)
        faults.merge(report.faults, uniquingKeysWith: +)
        commitsInPart += report.commitsInPart
        recordsChecked += report.recordsChecked
    }

    /// The places of the commit protocol at which nobody was killed.
    package var missedCrashPoints: [CrashPoint] {
        CrashPoint.allCases.filter { crashes[$0, default: 0] == 0 }
    }

    /// The faults that never struck.
    package var missedFaults: [Fault] {
        Fault.allCases.filter { faults[$0, default: 0] == 0 }
    }

    /// Whether every case was clean.
    package var isClean: Bool { failures.isEmpty }

    /// Whether the cases were enough to demand that each crash point and each fault was hit.
    package var mustCover: Bool { played >= SimulationSummary.seedsForCoverage }

    /// Whether every case was clean, and, of enough of them, each crash point and each fault was hit, and a commit
    /// decided in part: a set that has missed one proves nothing.
    package var isProof: Bool { isClean && (!mustCover || missed.isEmpty) }

    /// What was missed, as it is said.
    private var missed: [String] {
        var missed: [String] = []
        if !missedCrashPoints.isEmpty {
            missed.append("not hit: \(missedCrashPoints.map(\.rawValue).joined(separator: ", "))")
        }
        if !missedFaults.isEmpty {
            missed.append("never struck: \(missedFaults.map(\.rawValue).joined(separator: ", "))")
        }
        if commitsInPart == 0 { missed.append("no commit was decided in part") }
        return missed
    }

    /// In how many cases something went wrong in each way.
    package var ways: [SimulationProblem.Kind: Int] {
        failures.reduce(into: [:]) { ways, failure in
            for kind in Set(failure.report.problems.map(\.kind)) { ways[kind, default: 0] += 1 }
        }
    }

    /// The last line of a run.
    package var line: String {
        let hit = CrashPoint.allCases.count - missedCrashPoints.count
        let kills = crashes.values.reduce(0, +)
        return "\(played - failures.count) of \(played) seeds clean, \(hit) of "
            + "\(CrashPoint.allCases.count) crash points hit (\(kills) kills), "
            + "\(recordsChecked) records checked"
    }

    /// What is to be said before the last line: how much was decided in part, what was not hit, and
    /// whether that counts.
    package var remarks: [String] {
        var remarks = missed
        if !missed.isEmpty {
            remarks.append(
                mustCover
                    ? "FAILED: a run that has missed one of them does not count"
                    : "fewer than \(SimulationSummary.seedsForCoverage) seeds need not hit them all"
            )
        }
        remarks.append("commits decided for some tasks, and refused for others: \(commitsInPart)")
        return remarks
    }

    // MARK: Playing

    /// Plays cases, several at a time.
    ///
    /// - Parameters:
    ///   - lanes: how many at a time.
    ///   - told: hears of each case that was played.
    package static func play(
        _ items: [SimulationCase], lanes: Int = 2,
        told: @escaping @Sendable (SimulationCase, SimulationCase.Report) -> Void = { _, _ in }
    ) async -> SimulationSummary {
        await withTaskGroup(of: SimulationSummary.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var summary = SimulationSummary()
                    for index in stride(from: lane, to: items.count, by: lanes) {
                        let report = items[index].run()
                        summary.add(items[index], report)
                        told(items[index], report)
                    }
                    return summary
                }
            }
            return await group.reduce(into: SimulationSummary()) { $0.merge($1) }
        }
    }

    private mutating func merge(_ other: SimulationSummary) {
        played += other.played
        failures = (failures + other.failures).sorted { $0.item.seed < $1.item.seed }
        crashes.merge(other.crashes, uniquingKeysWith: +)
        faults.merge(other.faults, uniquingKeysWith: +)
        commitsInPart += other.commitsInPart
        recordsChecked += other.recordsChecked
    }
}
