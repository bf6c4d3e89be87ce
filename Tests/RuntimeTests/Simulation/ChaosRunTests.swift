import Dataflow
import OperatorTesting
import Records
import Runtime
import SimulationWorkload
import Sinks
import Sources
import State
import Testing
import Transforms

@Suite("A user's pipeline under chaos")
struct ChaosRunTests {
    static let seeds = 0..<24 as Range<UInt64>

    private func run(_ define: @escaping (GraphBuilder) -> Void) -> ChaosRun {
        let inputs = Event.make(60, seed: 3).map { event -> ChaosRun.Input in
            (
                "events",
                SimulatedLog.Record(
                    timestamp: event.happenedAt, key: event.user.encoded, value: event.encoded)
            )
        }
        return ChaosRun(pipeline: "chaos", inputs: inputs, define: define)
    }

    /// Numbers what it sees in a variable beside its state: what a worker that dies takes with it.
    private static func numbering(_ graph: GraphBuilder) {
        final class Counter { var count: Int64 = 0 }
        let counter = Counter()
        let events = graph.source("events", from: KafkaSource<Event>("events"))
        events.rejected.sink("rejects", to: DeadLetters())
        events.accepted.map("number") { event in
            counter.count += 1
            return Total(kind: event.user, start: 0, count: counter.count, sum: event.amount)
        }.sink("totals", to: KafkaSink("totals"))
    }

    @Test("one whose state is the engine's publishes the same, whoever dies")
    func sound() throws {
        for define in [TestPipelines.running, TestPipelines.windows(), TestPipelines.delayed()] {
            let run = run(define)
            var (checked, kills) = (0, 0)
            for seed in Self.seeds {
                let report = try run.play(seed: seed)
                #expect(report.problems.isEmpty, "seed \(seed)")
                checked += report.recordsChecked
                kills += report.crashes.values.reduce(0, +)
            }
            #expect(checked > 100 && kills > 0)
        }
    }

    @Test("one that keeps something beside its state is found out, and the seed shows it again")
    func forgetful() throws {
        let run = run(Self.numbering)
        let found = try Self.seeds.map { try run.play(seed: $0).problems }
        let seed = try #require(found.firstIndex { !$0.isEmpty })
        #expect(found[seed].first?.contains("topic totals: ") == true, "\(found[seed])")
        for _ in 0..<3 {
            #expect(try run.play(seed: UInt64(seed)).problems == found[seed])
        }
    }
}
