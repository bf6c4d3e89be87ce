import BrokerModel
import EmbeddedBroker
import Foundation

/// Why a benchmark could not be run.
struct BenchmarkFailure: Error, CustomStringConvertible {
    var description: String
}

/// This program as a broker, in a process of its own.
final class BrokerProcess {
    /// Which broker the process is.
    enum Kind {
        /// librdkafka's mock cluster.
        case mock
        /// The embedded broker, with its files in a directory that is removed at the end.
        case embedded(flush: String)
    }

    /// The argument that makes this program an embedded broker; directory and policy follow.
    static let embeddedArgument = "--embedded-broker"

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var directory: String?
    let bootstrapServers: String

    init(_ kind: Kind) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        switch kind {
        case .mock: process.arguments = [KafkaBenchmarks.brokerArgument]
        case .embedded(let flush):
            let path = URL(fileURLWithPath: ".millrace/bench-broker-\(getpid())-\(flush)")
                .standardizedFileURL.path
            try? FileManager.default.removeItem(atPath: path)
            directory = path
            process.arguments = [BrokerProcess.embeddedArgument, path, flush]
        }
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 {
            line.append(byte)
        }
        guard !line.isEmpty else { throw BenchmarkFailure(description: "the broker is mute") }
        bootstrapServers = String(decoding: line, as: UTF8.self)
    }

    /// Closes the broker's stdin and waits for its end.
    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        if let directory { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// The most memory that the broker ever had resident, in MB.
    var peakMegabytes: Double { BrokerProcess.peakMegabytes(of: "\(process.processIdentifier)") }

    /// The most memory that a process ever had resident, in MB.
    static func peakMegabytes(of process: String) -> Double {
        let path = "/proc/\(process)/status"
        let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n")
        let peak = lines?.first { $0.hasPrefix("VmHWM:") }?.split(separator: " ")
        return peak.flatMap { $0.count > 1 ? Double($0[1]) : nil }.map { $0 / 1_024 } ?? 0
    }

    /// Runs the embedded broker until stdin closes.
    static func runEmbedded(_ arguments: [String]) async throws {
        guard arguments.count == 2, let flush = FlushPolicy(arguments[1]) else {
            throw BenchmarkFailure(description: "\(embeddedArgument) DIRECTORY FLUSH")
        }
        var configuration = BrokerConfiguration(dataDirectory: arguments[0])
        configuration.flush = flush
        // The threads of a pipeline join in the same generation, as they do with Kafka's delay of 3 s.
        configuration.groups.initialRebalanceDelay = 300
        let broker = try await EmbeddedBroker.start(configuration)
        print(broker.address)
        fflush(nil)
        while readLine() != nil {}
        try await broker.stop()
    }
}
