import Foundation
import Glibc
import Records

/// The millrace binary in processes of its own.
final class WorkerProcess {
    /// The binary that was built beside these tests.
    static let binary = [
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent(),
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent(),
    ].map { $0.appendingPathComponent("millrace").path }.first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private let process = Process()
    private let log: String

    /// Starts `millrace` with arguments; what it says goes to a file.
    init(_ arguments: [String], environment: [String: String] = [:], log: String) throws {
        self.log = log
        guard let binary = WorkerProcess.binary else {
            throw DataflowError(.invariant, domain: .internal, "the millrace binary is not built")
        }
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let file = FileHandle(forWritingAtPath: log)
        process.standardError = file
        process.standardOutput = file
        try process.run()
    }

    /// What it has said so far.
    var text: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    var isRunning: Bool { process.isRunning }

    /// As a power cut.
    func kill() {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks for an orderly end and waits for it.
    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    deinit { kill() }
}
