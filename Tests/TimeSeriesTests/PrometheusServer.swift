import Foundation
import TimeSeries

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Debian's Prometheus over blocks of given series: on loopback, on a free port, ended with the
/// value.
final class PrometheusServer {
    static let program = "/usr/bin/prometheus"
    static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: program)
            && FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool")
    }

    private let process: Process
    private let folder: URL
    private let port: UInt16

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(_ series: [Series]) throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let page = folder.appendingPathComponent("series.om")
        try Data(PrometheusServer.page(series)).write(to: page)
        let data = folder.appendingPathComponent("data")
        try PrometheusServer.run(
            "/usr/bin/promtool",
            ["tsdb", "create-blocks-from", "openmetrics", page.path, data.path])
        let config = folder.appendingPathComponent("prometheus.yml")
        try "global: {}\n".write(to: config, atomically: false, encoding: .utf8)
        port = try PrometheusServer.freePort()
        process = Process()
        process.executableURL = URL(fileURLWithPath: PrometheusServer.program)
        process.arguments = [
            "--config.file=\(config.path)", "--storage.tsdb.path=\(data.path)",
            "--web.listen-address=127.0.0.1:\(port)", "--storage.tsdb.retention.time=100y",
            "--query.max-samples=500000000", "--log.level=error",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        try waitUntilReady()
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func page(_ series: [Series]) -> [UInt8] {
        var writer = ExpositionWriter(format: .openMetrics)
        for one in series.sorted(by: { $0.labels < $1.labels }) {
            for sample in one.samples.samples {
                writer.write(
                    ExpositionSample(
                        labels: one.labels, value: sample.value, timestamp: sample.timestamp))
            }
        }
        return writer.finished()
    }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program) ended with \(process.terminationStatus)")
        }
    }

    /// A port that nobody listened on a moment ago.
    private static func freePort() throws -> UInt16 {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard handle >= 0 else { throw Failure(description: "no socket") }
        defer { close(handle) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(handle, $0, length) == 0 && getsockname(handle, $0, &length) == 0
            }
        }
        guard bound else { throw Failure(description: "no free port") }
        return UInt16(bigEndian: address.sin_port)
    }

    private func waitUntilReady() throws {
        // Each attempt waits for the connection's refusal, not for a clock.
        for _ in 0..<20_000 where process.isRunning {
            if (try? get("/-/ready", [:])) != nil { return }
            usleep(5_000)
        }
        throw Failure(description: "Prometheus did not become ready")
    }

    private func get(_ path: String, _ query: [String: String]) throws -> Data {
        var components = URLComponents()
        components.scheme = "http"
        components.host = "127.0.0.1"
        components.port = Int(port)
        components.path = path
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        components.percentEncodedQuery = query.map { key, value in
            "\(key)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
        }.joined(separator: "&")
        guard let url = components.url else { throw Failure(description: "no URL") }
        return try Data(contentsOf: url)
    }

    private struct Reply: Decodable {
        struct Result: Decodable {
            var metric: [String: String]
            var value: [Value]?
            var values: [[Value]]?
        }
        enum Value: Decodable {
            case number(Double)
            case text(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let number = try? container.decode(Double.self) {
                    self = .number(number)
                } else {
                    self = .text(try container.decode(String.self))
                }
            }

            var double: Double {
                switch self {
                case .number(let number): number
                case .text(let text):
                    switch text {
                    case "+Inf": .infinity
                    case "-Inf": -.infinity
                    case "NaN": .nan
                    default: Double(text) ?? .nan
                    }
                }
            }
        }
        struct Payload: Decodable {
            var resultType: String
            var result: [Result]
        }
        var data: Payload?
    }

    private func decode(_ data: Data) throws -> [Labels: [Sample]] {
        // A scalar's result is a pair, not a list of series.
        guard let payload = try? JSONDecoder().decode(Reply.self, from: data).data else {
            struct Scalar: Decodable {
                struct Payload: Decodable { var result: [Reply.Value] }
                var data: Payload
            }
            let scalar = try JSONDecoder().decode(Scalar.self, from: data)
            return [.empty: [PrometheusServer.sample(scalar.data.result)]]
        }
        var series: [Labels: [Sample]] = [:]
        for one in payload.result {
            let labels = Labels(one.metric.map { Label($0.key, $0.value) })
            let points = one.values ?? (one.value.map { [$0] } ?? [])
            series[labels] = points.map(PrometheusServer.sample)
        }
        return series
    }

    private static func sample(_ pair: [Reply.Value]) -> Sample {
        Sample(Int64((pair[0].double * 1_000).rounded()), pair[1].double)
    }

    /// The result of an instant query, or `nil` when the server refuses it.
    func instant(_ query: String, at time: Int64) -> [Labels: [Sample]]? {
        let parameters = ["query": query, "time": String(format: "%.3f", Double(time) / 1_000)]
        guard let data = try? get("/api/v1/query", parameters) else { return nil }
        return try? decode(data)
    }

    /// The result of a range query, or `nil` when the server refuses it.
    func range(_ query: String, from: Int64, through: Int64, step: Int64) -> [Labels: [Sample]]? {
        let parameters = [
            "query": query, "start": String(format: "%.3f", Double(from) / 1_000),
            "end": String(format: "%.3f", Double(through) / 1_000),
            "step": String(format: "%.3f", Double(step) / 1_000),
        ]
        guard let data = try? get("/api/v1/query_range", parameters) else { return nil }
        return try? decode(data)
    }
}
