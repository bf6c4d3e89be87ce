package import OperatorTesting
package import Runtime

/// What came of many cases together.
package struct SimulationSummary: Sendable {
    /// How many cases were played.
    package private(set) var played = 0
    /// The cases that were not clean, each with what was wrong.
    package private(set) var failures: [(item: SimulationCase, problems: [String])] = []
    /// How often workers were killed at each place of the commit protocol.
    package private(set) var crashes: [CrashPoint: Int] = [:]
    /// How often each fault struck.
    package private(set) var faults: [Fault: Int] = [:]
    /// How many published records and rows were compared with the oracle's.
    package private(set) var recordsChecked = 0

    /// Nothing yet.
    package init() {}

    /// Counts a case.
    package mutating func add(_ item: SimulationCase, _ report: SimulationCase.Report) {
        played += 1
        if !report.problems.isEmpty { failures.append((item, report.problems)) }
        crashes.merge(report.crashes, uniquingKeysWith: +)
        faults.merge(report.faults, uniquingKeysWith: +)
        recordsChecked += report.recordsChecked
    }

    /// The places of the commit protocol at which nobody was killed: such a set of cases proves nothing.
    package var missedCrashPoints: [CrashPoint] {
        CrashPoint.allCases.filter { crashes[$0, default: 0] == 0 }
    }

    /// The faults that never struck.
    package var missedFaults: [Fault] {
        Fault.allCases.filter { faults[$0, default: 0] == 0 }
    }

    /// Whether every case was clean.
    package var isClean: Bool { failures.isEmpty }

    /// The last line of a run.
    package var line: String {
        let hit = CrashPoint.allCases.count - missedCrashPoints.count
        let kills = crashes.values.reduce(0, +)
        return "\(played - failures.count) of \(played) seeds clean, \(hit) of "
            + "\(CrashPoint.allCases.count) crash points hit (\(kills) kills), "
            + "\(recordsChecked) records checked"
    }

    /// Plays cases one after the other, prints what fails and the last line.
    package static func play(_ items: [SimulationCase], isVerbose: Bool) -> SimulationSummary {
        var summary = SimulationSummary()
        for item in items {
            let report = item.run()
            summary.add(item, report)
            if isVerbose { print(describe(item, report)) }
            if report.problems.isEmpty { continue }
            print("\(item) FAILED (again with SEED=\(item.seed))")
            for problem in report.problems.prefix(10) { print("  \(problem)") }
        }
        if items.count > 1 {
            if !summary.missedCrashPoints.isEmpty {
                print("not hit: \(summary.missedCrashPoints.map(\.rawValue))")
            }
            if !summary.missedFaults.isEmpty {
                print("never struck: \(summary.missedFaults.map(\.rawValue))")
            }
        }
        print(summary.line)
        return summary
    }

    private static func describe(
        _ item: SimulationCase, _ report: SimulationCase.Report
    ) -> String {
        let faults = report.faults.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", ")
        let places = CrashPoint.allCases
            .map { "\($0.rawValue) \(report.reached[$0, default: 0])" }.joined(separator: ", ")
        return "\(item), \(report.steps) steps\n  faults: \(faults)\n  places: \(places)"
    }
}
