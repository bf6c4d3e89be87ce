import Foundation
import Testing
import TimeSeries

@Suite("Prometheus's own PromQL tests")
struct PromQLSuiteTests {
    static let path = "suites/promqltest"

    @Test(
        "every evaluation passes but those of native histograms",
        .enabled(if: SharedFiles.has(path), "no \(path) beside the repository"))
    func suite() throws {
        var total = 0
        var relevant = 0
        var failed = 0
        for url in try SharedFiles.files(Self.path, suffix: ".test") {
            let file = try PromQLTestFile(parsing: try String(contentsOf: url, encoding: .utf8))
            var runner = PromQLTestRunner()
            runner.run(file)
            let name = url.lastPathComponent
            for outcome in runner.failures {
                Issue.record("\(name):\(outcome.line) \(outcome.query): \(outcome.fault ?? "")")
            }
            total += runner.outcomes.count
            relevant += runner.relevant.count
            failed += runner.failures.count
            print(
                "\(name): \(runner.relevant.count - runner.failures.count) of "
                    + "\(runner.relevant.count) pass, "
                    + "\(runner.outcomes.count - runner.relevant.count) have native histograms")
        }
        print("promqltest: \(relevant - failed) of \(relevant) pass, \(total) in all")
        #expect(total >= 439)
        #expect(relevant >= 332)
        // Those passed over have native histograms, and there are no more of them than that.
        #expect(total - relevant == 107)
    }
}
