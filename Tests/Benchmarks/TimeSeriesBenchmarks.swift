import Foundation
import Records
import TimeSeries

/// Where loops put what they found, so that none of them is optimised away; one thread alone uses it.
nonisolated(unsafe) private var found = 0.0

/// Chunks, metrics pages and PromQL.
enum TimeSeriesBenchmarks {
    static var chunks: Benchmark { Benchmark(name: "chunks", run: runChunks) }
    static var exposition: Benchmark { Benchmark(name: "metrics.exposition", run: runExposition) }
    static var promql: Benchmark { Benchmark(name: "promql", run: runPromQL) }

    /// The folder of test data beside the repository, or `nil`.
    static var shared: URL? {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let candidate = folder.appendingPathComponent("../shared").standardizedFileURL
            let marker = candidate.appendingPathComponent("data").path
            if FileManager.default.fileExists(atPath: marker) { return candidate }
        }
        return nil
    }

    private static func runChunks(_ report: inout BenchmarkReport) throws {
        var random = SeededGenerator(seed: 1)
        var level = 100.0
        var time: Int64 = 1_700_000_000_000
        var gauge: [Sample] = []
        var counter: [Sample] = []
        for index in 0..<400_000 {
            time += 15_000
            level += random.unit() - 0.5
            gauge.append(Sample(time, (level * 10).rounded() / 10))
            counter.append(Sample(time, Double(index * 7)))
        }
        for (name, samples) in [("gauge", gauge), ("counter", counter)] {
            try runChunks(name, samples, &report)
        }
        guard let path = shared?.appendingPathComponent("data/metrics/nab/realAWSCloudwatch"),
            let files = try? FileManager.default.contentsOfDirectory(
                at: path, includingPropertiesForKeys: nil)
        else { return report.remark("NAB is missing: no figure for noisy values") }
        var bytes = 0
        var count = 0
        for file in files where file.pathExtension == "csv" {
            var columns = SampleColumns()
            for (index, line) in try String(contentsOf: file, encoding: .utf8)
                .split(whereSeparator: \.isNewline).dropFirst().enumerated()
            {
                guard let value = line.split(separator: ",").last.flatMap({ Double($0) }) else {
                    continue
                }
                columns.insert(Sample(Int64(index) * 300_000, value))
            }
            bytes += Chunk.split(columns).reduce(0) { $0 + $1.encoded.count }
            count += columns.count
        }
        report.add(
            "chunks.bytes.nab", Double(bytes) / Double(max(1, count)), unit: "B/sample", floor: 16,
            higherIsBetter: false)
    }

    private static func runChunks(
        _ name: String, _ samples: [Sample], _ report: inout BenchmarkReport
    ) throws {
        let count = Double(samples.count) / 1e6
        // The floor of both is a copy of the samples into two columns, or a sum over them.
        let copy = medianSeconds {
            var columns = SampleColumns(capacity: samples.count)
            for sample in samples { columns.insert(sample) }
            keep(columns)
        }
        let append = try medianSeconds {
            var chunk = Chunk()
            for sample in samples {
                if chunk.count == Chunk.usualCount {
                    keep(chunk)
                    chunk = Chunk()
                }
                try chunk.append(sample.timestamp, sample.value)
            }
            keep(chunk)
        }
        report.add(
            "chunks.append.\(name)", count / append, unit: "M samples/s", floor: count / copy)
        let chunks = Chunk.split(SampleColumns(samples))
        let sum = medianSeconds {
            var total = 0.0
            for sample in samples { total += sample.value + Double(sample.timestamp & 1) }
            found += total
        }
        let iterate = try medianSeconds {
            var total = 0.0
            for chunk in chunks {
                try chunk.forEach { total += $1 + Double($0 & 1) }
            }
            found += total
        }
        report.add(
            "chunks.iterate.\(name)", count / iterate, unit: "M samples/s", floor: count / sum)
        let bytes = chunks.reduce(0) { $0 + $1.encoded.count }
        report.add(
            "chunks.bytes.\(name)", Double(bytes) / Double(samples.count), unit: "B/sample",
            floor: 16, higherIsBetter: false)
    }

    private static func runExposition(_ report: inout BenchmarkReport) throws {
        guard
            let path = shared?.appendingPathComponent(
                "data/metrics/exposition/node_exporter_e2e-output.txt"),
            let data = try? Data(contentsOf: path)
        else { return report.remark("node_exporter's page is missing") }
        let page = Array(data)
        let megabytes = Double(page.count) / 1e6
        let scan = medianSeconds {
            for _ in 0..<20 { found += Double(page.reduce(0) { $0 &+ ($1 == 10 ? 1 : 0) }) }
        }
        let parse = try medianSeconds {
            for _ in 0..<20 {
                var parser = ExpositionParser(format: .text)
                var count = 0
                try page.withUnsafeBytes { try parser.read($0) { _ in count += 1 } }
                try parser.finish { _ in count += 1 }
                keep(count)
            }
        }
        report.add(
            "metrics.exposition.parse", 20 * megabytes / parse, unit: "MB/s",
            floor: 20 * megabytes / scan)
        let families = try MetricFamily.families(of: page, format: .text)
        let write = medianSeconds {
            for _ in 0..<20 { keep(ExpositionWriter.page(families, format: .text)) }
        }
        report.add(
            "metrics.exposition.write", 20 * megabytes / write, unit: "MB/s",
            floor: 20 * megabytes / scan)
    }

    /// Series in chunks, as a store would hold them.
    private struct ChunkSource: SampleSource {
        var series: [(labels: Labels, chunks: [Chunk])] = []

        func select(_ selection: SeriesSelection) -> [SelectedSeries] {
            series.filter { one in selection.matchers.allSatisfy { $0.matches(one.labels) } }
                .map { one in
                    let chunks = one.chunks.filter {
                        $0.timeRange?.overlaps(selection.range) ?? false
                    }
                    return SelectedSeries(
                        labels: one.labels, chunks: chunks, range: selection.range)
                }
        }
    }

    static let start: Int64 = 1_700_000_000_000

    private static func source(count: Int, samples: Int) throws -> ChunkSource {
        var random = SeededGenerator(seed: 2)
        var source = ChunkSource()
        for index in 0..<count {
            let labels = Labels([
                "__name__": "m_total", "l": "l\(index % 100)", "instance": "host-\(index)",
            ])
            var chunks: [Chunk] = []
            var chunk = Chunk()
            var value = 1e6
            for step in 0..<samples {
                value += Double(random.next() % 100)
                try chunk.append(start + Int64(step) * 15_000 + Int64(index % 997) + 1, value)
                if chunk.count == PrometheusPeer.samplesAtOnce {
                    chunks.append(chunk)
                    chunk = Chunk()
                }
            }
            if !chunk.isEmpty { chunks.append(chunk) }
            source.series.append((labels, chunks))
        }
        source.series.sort { $0.labels < $1.labels }
        return source
    }

    private static let query = "sum by (l) (rate(m_total[5m]))"

    /// So many series and samples of each, asked for at steps of so many milliseconds.
    private struct QueryCase {
        let name: String
        let series: Int
        let samples: Int
        let step: Int64

        var end: Int64 { start + Int64(samples) * 15_000 }

        func run(_ source: ChunkSource) throws {
            keep(
                try QueryEngine().rangeQuery(
                    query, from: start + 300_000, through: end, step: step, over: source))
        }
    }

    private static let cases = [
        QueryCase(name: "promql.sum_rate.1k.1h", series: 1_000, samples: 240, step: 15_000),
        QueryCase(name: "promql.sum_rate.1k.1d", series: 1_000, samples: 5_760, step: 60_000),
        QueryCase(name: "promql.sum_rate.10k.1h", series: 10_000, samples: 240, step: 15_000),
        QueryCase(name: "promql.sum_rate.10k.1d", series: 10_000, samples: 5_760, step: 60_000),
    ]

    /// Runs the query of a row: its name, and how often.
    static func runQuery(_ arguments: ArraySlice<String>) throws {
        guard let name = arguments.first, let one = cases.first(where: { $0.name == name }),
            let times = arguments.dropFirst().first.flatMap({ Int($0) })
        else { return print("usage: \(AllocationCounter.argument) ROW TIMES") }
        let source = try source(count: one.series, samples: one.samples)
        for _ in 0..<times { try one.run(source) }
    }

    private static func runPromQL(_ report: inout BenchmarkReport) throws {
        let only = ProcessInfo.processInfo.environment["ONLY"] ?? ""
        for one in cases where one.name.hasPrefix(only) || only.hasPrefix(one.name) {
            let source = try source(count: one.series, samples: one.samples)
            let isGreat = one.series * one.samples > 10_000_000
            let ours = try medianSeconds(repetitions: 5) { try one.run(source) }
            let theirs = try? PrometheusPeer.latency(
                source.series, query, from: start + 300_000, through: one.end, step: one.step,
                repetitions: isGreat ? 1 : 5)
            report.add(
                one.name, ours * 1_000, unit: "ms", floor: theirs.map { $0 * 1_000 },
                higherIsBetter: false)
            if !isGreat, let blocks = AllocationCounter.count(one.name) {
                report.add(
                    "\(one.name).allocations", Double(blocks) / Double(one.series),
                    unit: "blocks/series", higherIsBetter: false)
            }
        }
        report.remark(
            "promql.*: the floor is Debian's Prometheus 2.42 over HTTP on the same samples, written "
                + "to it remotely; its answer to 10k.1d is timed once, and valgrind doesn't count "
                + "the blocks of that row; both are absent where the program is missing")
    }
}
