import OperatorTesting
import Records
import Testing
import WordCount

@Suite("word-count under chaos")
struct WordCountChaosTests {
    @Test("whatever dies, every word of every minute is published as it is in a calm run")
    func chaos() throws {
        var random = SeededGenerator(seed: 4)
        let inputs = (0..<80).map { index -> ChaosRun.Input in
            let words = (0..<4).map { _ in ["to", "be", "or", "not"][Int(random.next() % 4)] }
            return (
                "lines",
                SimulatedLog.Record(
                    timestamp: EventTime(milliseconds: Int64(index) * 3_000), key: nil,
                    value: Array(words.joined(separator: " ").utf8))
            )
        }
        let run = ChaosRun(pipeline: WordCount.name, inputs: inputs) {
            WordCount().build($0, .init())
        }
        var (checked, kills) = (0, 0)
        for seed in 0..<24 as Range<UInt64> {
            let report = try run.play(seed: seed)
            #expect(report.problems.isEmpty, "seed \(seed)")
            checked += report.recordsChecked
            kills += report.crashes.values.reduce(0, +)
        }
        #expect(checked > 300 && kills > 0, "\(checked) records, \(kills) kills")
    }
}
