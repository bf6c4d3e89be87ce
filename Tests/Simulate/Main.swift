import Foundation
import OperatorTesting
import Runtime
import SimulationWorkload

/// `make sim`: plays seeds of the simulation and says how many were clean.
///
/// `SEED=n` plays one and prints what it did; `SEEDS=n` plays that many from `FROM` (0) on, in two threads.
@main
struct Main {
    static func main() {
        let environment = ProcessInfo.processInfo.environment
        func number(_ name: String) -> UInt64? { environment[name].flatMap { UInt64($0) } }
        let steps = number("STEPS").map { Int($0) }
        if let seed = number("SEED") {
            var item = SimulationCase(seed: seed)
            if let steps { item.maximumSteps = steps }
            exit(SimulationSummary.play([item], isVerbose: true).isClean ? 0 : 1)
        }
        let first = number("FROM") ?? 0
        let items = (first..<first + (number("SEEDS") ?? 1_000)).map { seed in
            var item = SimulationCase(seed: seed)
            if let steps { item.maximumSteps = steps }
            return item
        }
        exit(SimulationSummary.play(items, isVerbose: false).isClean ? 0 : 1)
    }
}
