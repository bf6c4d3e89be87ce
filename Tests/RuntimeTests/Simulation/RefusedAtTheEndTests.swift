import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import State
import Testing

/// Tables that take nothing of one task while a run is to end.
@Suite("A table that takes nothing while a run is to end")
struct RefusedAtTheEndTests {
    private static let events = Event.make(60, seed: 31)
    private static let broken: Int32 = 0

    /// A run whose tables take nothing of one task until so many seconds have passed.
    private static func harness(mendedAfter seconds: Int64) throws -> PipelineHarness {
        let harness = try PipelineHarness(
            "ending", PipelineTests.options(), define: TestPipelines.sums)
        let clock = harness.driver.clock
        let end = clock.now().advanced(byMilliseconds: seconds * 1_000)
        harness.driver.database.takesNothing = { $0.partition == broken && clock.now() < end }
        try harness.send(events)
        return harness
    }

    @Test(
        "it ends once the table is mended, whether it was told to before or behind the first refusal",
        arguments: [0, 3])
    func mended(secondsBefore: Int64) throws {
        let harness = try Self.harness(mendedAfter: 30)
        try harness.advance(by: .seconds(secondsBefore))
        #expect(harness.driver.obstacles.isEmpty == (secondsBefore == 0))
        try harness.finish()
        let oracle = ReferenceInterpreter(events: Self.events)
        #expect(harness.tableTotals() == oracle.userSums)
        let told = harness.driver.reports.filter { $0.code == .rejected }
        #expect((2..<5).contains(told.count), "\(told)")
    }

    @Test("it fails behind five tries, with the reason; what other tasks have is there")
    func brokenForGood() throws {
        let harness = try Self.harness(mendedAfter: 80_000)
        let start = harness.driver.clock.now()
        let error = #expect(throws: DataflowError.self) { try harness.finish() }
        #expect(
            error?.message.contains("refused every row") ?? false, "\(String(describing: error))")
        // Pauses of 5, 10, 20 and 40 seconds.
        let took = harness.driver.clock.now().millisecondsSince(start)
        #expect((75_000..<90_000).contains(took), "\(took)")
        let oracle = ReferenceInterpreter(events: Self.events).userSums
        let wanted = oracle.filter { cell, _ in
            cell.kind.encoded.withUnsafeBytes { Murmur2.partition($0, of: 2) } != Self.broken
        }
        #expect(!wanted.isEmpty && harness.tableTotals() == wanted)
    }
}
