internal import EngineWorkload
internal import Foundation

/// The engine's record path beside the hand-written loop of ``EngineWorkload``.
enum EngineBenchmarks {
    static var all: [Benchmark] {
        [
            Benchmark(name: "engine.window") { report in
                for keys in [10_000, 1_000_000] { try measure(keys: keys, &report) }
            }
        ]
    }

    static let recordCount = 10_000_000

    static func measure(keys: Int, _ report: inout BenchmarkReport) throws {
        let samples = EngineWorkload.samples(recordCount, keys: keys)
        let name = keys == 10_000 ? "10k" : "1m"
        // First, while nothing that a run before has freed hides what this one takes.
        let before = residentMegabytes()
        var full = before
        keep(try EngineWorkload.run(samples, functors: true) { full = residentMegabytes() })
        let floor = medianSeconds { keep(EngineWorkload.handWritten(samples)) }
        let closures = try medianSeconds { keep(try EngineWorkload.run(samples, functors: false)) }
        let functors = try medianSeconds { keep(try EngineWorkload.run(samples, functors: true)) }
        let rate = { (seconds: Double) in Double(recordCount) / seconds }
        report.add(
            "engine.window.closures.\(name)", rate(closures), unit: "records/s", floor: rate(floor))
        report.add(
            "engine.window.functors.\(name)", rate(functors), unit: "records/s", floor: rate(floor))
        report.add(
            "engine.window.floor.\(name)", floor / Double(recordCount) * 1e9, unit: "ns/record",
            higherIsBetter: false)
        report.add(
            "engine.window.memory.\(name)", full - before, unit: "MB",
            higherIsBetter: false)
    }

    /// The process's resident memory.
    static func residentMegabytes() -> Double {
        guard let status = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = status.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        else { return 0 }
        return pages * 4_096 / 1_048_576
    }
}
