import Dispatch
import Foundation
import TimeSeries

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Debian's Prometheus as a peer: filled by remote write, asked over loopback, ended afterwards.
enum PrometheusPeer {
    struct Failure: Error {}

    /// How many samples of a series are sent at once: an hour's, since the server takes nothing
    /// that is older than that beside what it has.
    static let samplesAtOnce = 240
    private static let seriesAtOnce = 500

    /// The median time of a range query in seconds, over series whose chunks cover one stretch of
    /// ``samplesAtOnce`` samples after another.
    static func latency(
        _ series: [(labels: Labels, chunks: [Chunk])], _ query: String, from: Int64,
        through: Int64, step: Int64, repetitions: Int
    ) throws -> Double {
        let program = "/usr/bin/prometheus"
        guard FileManager.default.isExecutableFile(atPath: program) else { throw Failure() }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let config = folder.appendingPathComponent("prometheus.yml")
        try "global: {}\n".write(to: config, atomically: false, encoding: .utf8)
        let port = 20_000 + Int(ProcessInfo.processInfo.processIdentifier % 20_000)
        let server = try start(
            program,
            [
                "--config.file=\(config.path)", "--storage.tsdb.path=\(folder.path)/data",
                "--web.listen-address=127.0.0.1:\(port)", "--storage.tsdb.retention.time=100y",
                "--web.enable-remote-write-receiver", "--query.max-samples=500000000",
                "--query.timeout=10m", "--log.level=error",
            ])
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        let base = "http://127.0.0.1:\(port)"
        try waitUntilReady("\(base)/-/ready", server)
        try send(series, to: "\(base)/api/v1/write")
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        let escaped = query.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        let text =
            "\(base)/api/v1/query_range?query=\(escaped)&start=\(from / 1_000)"
            + "&end=\(through / 1_000)&step=\(step / 1_000)"
        guard let url = URL(string: text) else { throw Failure() }
        return try medianSeconds(repetitions: repetitions) { keep(try Data(contentsOf: url)) }
    }

    private static func send(
        _ series: [(labels: Labels, chunks: [Chunk])], to address: String
    ) throws {
        guard let url = URL(string: address) else { throw Failure() }
        let stretches = series.map(\.chunks.count).max() ?? 0
        for stretch in 0..<stretches {
            for first in stride(from: 0, to: series.count, by: seriesAtOnce) {
                let batch = try series[first..<min(series.count, first + seriesAtOnce)]
                    .filter { stretch < $0.chunks.count }
                    .map { one in
                        WireSeries(
                            labels: one.labels,
                            samples: try one.chunks[stretch].samples().samples)
                    }
                try post(try RemoteWrite.write(batch), to: url)
            }
        }
    }

    private static func post(_ body: [UInt8], to url: URL) throws {
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.httpBody = Data(body)
        request.setValue("snappy", forHTTPHeaderField: "Content-Encoding")
        request.setValue("application/x-protobuf", forHTTPHeaderField: "Content-Type")
        request.setValue("0.1.0", forHTTPHeaderField: "X-Prometheus-Remote-Write-Version")
        let done = DispatchSemaphore(value: 0)
        // Written before the signal, read after it.
        nonisolated(unsafe) var status = 0
        URLSession.shared.dataTask(with: request) { _, response, _ in
            status = (response as? HTTPURLResponse)?.statusCode ?? 0
            done.signal()
        }.resume()
        done.wait()
        guard status / 100 == 2 else { throw Failure() }
    }

    private static func waitUntilReady(_ address: String, _ server: Process) throws {
        guard let url = URL(string: address) else { throw Failure() }
        for _ in 0..<20_000 where server.isRunning {
            if (try? Data(contentsOf: url)) != nil { return }
            usleep(5_000)
        }
        throw Failure()
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
