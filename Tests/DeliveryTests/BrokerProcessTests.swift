import Foundation
import Testing

/// `millrace dev broker` as `make run` starts it, and as people do.
@Suite(
    "Real processes: the broker", .serialized,
    .enabled(if: WorkerProcess.binary != nil, "the millrace binary is not built"))
struct BrokerProcessTests {
    /// Runs a broker whose standard input is closed once it listens.
    private func withBroker(
        _ flags: [String], _ body: (WorkerProcess) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-broker-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let input = Pipe()
        let broker = try WorkerProcess(
            ["dev", "broker", "--data", "\(directory)/data", "--listen", "127.0.0.1:0"] + flags,
            input: input, log: "\(directory)/broker.log")
        defer { broker.kill() }
        try await broker.says("listening on ")
        try input.fileHandleForWriting.close()
        try await body(broker)
    }

    @Test("one that must not outlive its parent stops in order when its input is closed")
    func untilStdinCloses() async throws {
        try await withBroker(["--until-stdin-closes"]) { broker in
            let status = try await broker.end()
            #expect(status == 0, "\(broker.text)")
            #expect(broker.text.contains("broker: stopped"), "\(broker.text)")
        }
    }

    @Test("another does not ask who started it, and stops at a signal")
    func withoutInput() async throws {
        try await withBroker([]) { broker in
            #expect(broker.isRunning)
            broker.signal(SIGTERM)
            let status = try await broker.end()
            #expect(status == 0, "\(broker.text)")
        }
    }
}
