import Foundation

/// `make bench [ONLY=prefix]`: every figure beside a floor or a peer of the same run.
@main
struct Benchmarks {
    static var all: [Benchmark] {
        EngineBenchmarks.all + KafkaBenchmarks.all + [RekeyedBenchmark.benchmark]
            + CommitBenchmarks.all
            + BrokerBenchmarks.all + PostgresBenchmarks.all + MatchingBenchmarks.all
            + ServingBenchmarks.all
            + [
                TimeSeriesBenchmarks.chunks, TimeSeriesBenchmarks.exposition,
                TimeSeriesBenchmarks.promql,
            ]
    }

    static func main() async throws {
        if CommandLine.arguments.contains(KafkaBenchmarks.brokerArgument) {
            return try KafkaBenchmarks.runBroker()
        }
        if let place = CommandLine.arguments.firstIndex(of: AllocationCounter.argument) {
            return try TimeSeriesBenchmarks.runQuery(CommandLine.arguments[(place + 1)...])
        }
        if let role = CommandLine.arguments.firstIndex(of: BrokerProcess.embeddedArgument) {
            let arguments = CommandLine.arguments[(role + 1)...]
            return try await BrokerProcess.runEmbedded(Array(arguments))
        }
        if let role = CommandLine.arguments.firstIndex(of: RekeyedRun.argument) {
            return try RekeyedRun.main(Array(CommandLine.arguments[(role + 1)...]))
        }
        let only = ProcessInfo.processInfo.environment["ONLY"] ?? ""
        var report = BenchmarkReport()
        var failed = false
        for benchmark in all where benchmark.name.hasPrefix(only) || only.hasPrefix(benchmark.name)
        {
            do {
                try benchmark.run(&report)
            } catch {
                failed = true
                FileHandle.standardError.write(Data("\(benchmark.name): \(error)\n".utf8))
            }
        }
        try report.write(to: ".millrace/bench.json")
        if failed { exit(1) }
    }
}
