import Foundation
import Glibc
import Records

/// The millrace binary in processes of its own.
final class WorkerProcess: Sendable {
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
    ///
    /// - Parameter input: what it reads; nil: what this process does.
    init(
        _ arguments: [String], environment: [String: String] = [:], input: Pipe? = nil, log: String
    ) throws {
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
        if let input { process.standardInput = input }
        try process.run()
    }

    /// What it has said so far.
    var text: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    var isRunning: Bool { process.isRunning }

    /// How long a process may take to come to its end, or to say something, before it has failed.
    static let patience = Duration.seconds(300)

    /// Waits until it has come to its end.
    ///
    /// - Returns: its exit status, or the number of the signal that ended it.
    /// - Throws: `.limitExceeded` when it goes on.
    func end() async throws -> Int32 {
        try await WorkerProcess.eventually("it ends") { [self] in
            isRunning ? nil : process.terminationStatus
        }
    }

    /// Waits until it has said something.
    func says(_ what: String) async throws {
        try await WorkerProcess.eventually("it says \(what)") { [self] in
            if text.contains(what) { return () }
            if isRunning { return nil }
            throw DataflowError(
                .invariant, domain: .internal, "it ended without \(what): \(text.suffix(2_000))")
        }
    }

    /// Waits on a thread of its own: a blocked one of the shared pool would stall other tests.
    private static func eventually<T: Sendable>(
        _ what: String, _ step: @escaping @Sendable () throws -> T?
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                let end = ContinuousClock.now + WorkerProcess.patience
                do {
                    while ContinuousClock.now < end {
                        if let value = try step() {
                            continuation.resume(returning: value)
                            return
                        }
                        usleep(20_000)
                    }
                    throw DataflowError(
                        .limitExceeded, domain: .internal, "waited in vain until \(what)")
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Sends it a signal.
    func signal(_ number: Int32) { Glibc.kill(process.processIdentifier, number) }

    /// Waits until no process names a directory among its arguments.
    ///
    /// - Throws: `.limitExceeded` when one does for long.
    static func noneNames(_ directory: String) async throws {
        try await eventually("no process of \(directory) is left") {
            let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc")
                .filter { Int32($0) != nil }
            let isNamed = processes.contains { process in
                guard let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
                else { return false }
                return String(decoding: line, as: UTF8.self).contains(directory)
            }
            return isNamed ? nil : ()
        }
    }

    /// As a power cut.
    func kill() {
        guard process.isRunning else { return }
        signal(SIGKILL)
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
