import Foundation
import Testing
import TimeSeries

@Suite("What PromQL means, by our own examples")
struct PromQLSemanticsTests {
    static let files = [
        "functions", "histograms", "info", "labels", "modifiers", "names", "selection",
        "subqueries",
    ]

    @Test("every example of a file holds", arguments: files)
    func examples(_ name: String) throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("semantics/\(name).test")
        var runner = PromQLTestRunner()
        runner.run(try PromQLTestFile(parsing: try String(contentsOf: url, encoding: .utf8)))
        for outcome in runner.failures {
            Issue.record("\(name):\(outcome.line) \(outcome.query): \(outcome.fault ?? "")")
        }
        #expect(runner.relevant.count >= 15)
        #expect(runner.relevant.count == runner.outcomes.count)
    }
}
