import OperatorTesting
import Runtime
import SimulationWorkload
import Testing

@Suite("Simulation: windows at least once")
struct AtLeastOnceTests {
    static let seedsPerBlock: UInt64 = 25

    /// Windows, with and without early results in turn.
    private func item(_ seed: UInt64) -> SimulationCase {
        SimulationCase(seed: seed, seed % 2 == 0 ? .windows : .early, .atLeastOnce)
    }

    @Test(
        "100 seeds under every fault: each window counts what the oracle does, or more",
        arguments: 0..<4 as Range<UInt64>)
    func faulty(block: UInt64) {
        var struck = 0
        for seed in (block * Self.seedsPerBlock)..<((block + 1) * Self.seedsPerBlock) {
            let item = item(seed)
            let report = item.run()
            struck += report.faults[.crash, default: 0]
            #expect(report.problems.isEmpty, "\(item)")
            #expect(report.recordsChecked > 0, "\(item)")
        }
        #expect(struck > 0, "nobody was killed: the test proves nothing")
    }

    @Test(
        "100 seeds without a fault: each window counts what the oracle does, once",
        arguments: 0..<4 as Range<UInt64>)
    func calm(block: UInt64) {
        for seed in (block * Self.seedsPerBlock)..<((block + 1) * Self.seedsPerBlock) {
            var item = item(seed)
            item.faults = 0
            let report = item.run()
            #expect(report.problems.isEmpty, "\(item), without faults")
            #expect(report.recordsChecked > 0, "\(item)")
        }
    }
}
