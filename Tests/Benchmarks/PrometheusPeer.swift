import Foundation
import TimeSeries

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Debian's Prometheus as a peer: loaded by `promtool`, asked over loopback, ended afterwards.
enum PrometheusPeer {
    struct Failure: Error {}

    /// The median time of a range query in seconds.
    static func latency(
        _ series: [(Labels, [Chunk])], _ query: String, from: Int64, through: Int64, step: Int64
    ) throws -> Double {
        let program = "/usr/bin/prometheus"
        guard FileManager.default.isExecutableFile(atPath: program) else { throw Failure() }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let page = folder.appendingPathComponent("series.om")
        try write(series, to: page)
        let data = folder.appendingPathComponent("data")
        let load = try start(
            "/usr/bin/promtool",
            ["tsdb", "create-blocks-from", "openmetrics", page.path, data.path])
        load.waitUntilExit()
        guard load.terminationStatus == 0 else { throw Failure() }
        try FileManager.default.removeItem(at: page)
        let config = folder.appendingPathComponent("prometheus.yml")
        try "global: {}\n".write(to: config, atomically: false, encoding: .utf8)
        let port = 20_000 + Int(ProcessInfo.processInfo.processIdentifier % 20_000)
        let server = try start(
            program,
            [
                "--config.file=\(config.path)", "--storage.tsdb.path=\(data.path)",
                "--web.listen-address=127.0.0.1:\(port)", "--storage.tsdb.retention.time=100y",
                "--query.max-samples=500000000", "--log.level=error",
            ])
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        let base = "http://127.0.0.1:\(port)"
        try waitUntilReady("\(base)/-/ready", server)
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        let escaped = query.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        let text =
            "\(base)/api/v1/query_range?query=\(escaped)&start=\(from / 1_000)"
            + "&end=\(through / 1_000)&step=\(step / 1_000)"
        guard let url = URL(string: text) else { throw Failure() }
        return try medianSeconds(repetitions: 5) { keep(try Data(contentsOf: url)) }
    }

    private static func waitUntilReady(_ address: String, _ server: Process) throws {
        guard let url = URL(string: address) else { throw Failure() }
        for _ in 0..<20_000 where server.isRunning {
            if (try? Data(contentsOf: url)) != nil { return }
            usleep(5_000)
        }
        throw Failure()
    }

    private static func write(_ series: [(Labels, [Chunk])], to file: URL) throws {
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        for (labels, chunks) in series {
            var writer = ExpositionWriter(format: .text)
            for chunk in chunks {
                for sample in try chunk.samples().samples {
                    writer.write(
                        ExpositionSample(
                            labels: labels, value: sample.value, timestamp: sample.timestamp))
                }
            }
            // The times are in milliseconds; OpenMetrics wants seconds.
            var output: [UInt8] = []
            for line in writer.finished().split(separator: 10) {
                output += line.dropLast(3)
                output.append(46)
                output += line.suffix(3)
                output.append(10)
            }
            try handle.write(contentsOf: Data(output))
        }
        try handle.write(contentsOf: Data("# EOF\n".utf8))
    }

    private static func start(_ program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}
