import Foundation
import OperatorTesting
import Runtime
import SimulationWorkload

/// `make sim`: plays seeds of the simulation and says how many were clean.
///
/// `SEED=n` plays one and prints what it did; `SEEDS=n` plays that many from `FROM` (0) on, in two threads. Its
/// status is 1 when one of them was not clean, or when so many that it can be asked of them have missed a crash
/// point. `BUG=name` makes a mistake on purpose, and shows how it is found out; with `CONTROL=1` it plays the
/// same seeds without it.
@main
struct Main {
    static func main() async {
        let environment = ProcessInfo.processInfo.environment
        func number(_ name: String) -> UInt64? { environment[name].flatMap { UInt64($0) } }
        let bug = environment["BUG"].flatMap { $0.isEmpty ? nil : $0 }
        if let bug, SeededBug(rawValue: bug) == nil {
            let names = SeededBug.allCases.map(\.rawValue).joined(separator: ", ")
            print("BUG is one of \(names)")
            exit(2)
        }
        func item(_ seed: UInt64) -> SimulationCase {
            var item = SimulationCase(seed: seed)
            if let bug = bug.flatMap(SeededBug.init) {
                item = bug.makeCase(seed: seed, isMade: (environment["CONTROL"] ?? "").isEmpty)
            }
            if let steps = number("STEPS") { item.maximumSteps = Int(steps) }
            return item
        }
        let one = number("SEED")
        let first = one ?? number("FROM") ?? 0
        let count = one == nil ? number("SEEDS") ?? 1_000 : 1
        let items = (first..<first + count).map(item)
        let summary = await SimulationSummary.play(items) { item, report in
            if one != nil { print(describe(item, report)) }
            if report.problems.isEmpty { return }
            let again = "SEED=\(item.seed)" + (bug.map { " BUG=\($0)" } ?? "")
            let problems = report.problems.prefix(10).map { "\n  \($0.kind): \($0)" }.joined()
            print("\(item) FAILED (again with \(again))\(problems)")
        }
        if let bug {
            let ways = SimulationProblem.Kind.allCases
                .map { "\($0) in \(summary.ways[$0, default: 0])" }.joined(separator: ", ")
            print("\(bug): noticed in \(summary.failures.count) seeds, \(ways)")
        }
        if one == nil { summary.remarks.forEach { print($0) } }
        print(summary.line)
        exit(summary.isProof ? 0 : 1)
    }

    private static func describe(
        _ item: SimulationCase, _ report: SimulationCase.Report
    ) -> String {
        let faults = report.faults.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", ")
        let places = CrashPoint.allCases
            .map { "\($0.rawValue) \(report.reached[$0, default: 0])" }.joined(separator: ", ")
        let told = report.told.suffix(5).map { "\n  told: \($0)" }.joined()
        return "\(item), \(report.steps) steps, \(report.commitsInPart) commits decided in part"
            + "\n  faults: \(faults)\n  places: \(places)\(told)"
    }
}
