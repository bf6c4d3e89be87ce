import DatabaseFixture
import Foundation
import Records
import Testing

/// `make run` as people run it, but short: the built binary, its broker, a database, a fleet.
@Suite(
    "Real processes: the main job", .serialized,
    .enabled(if: WorkerProcess.binary != nil, "the millrace binary is not built"),
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct DemoProcessTests {
    /// What `run.json` says of where locations have gone.
    private struct Figures: Decodable {
        var sent: Int
        var accepted: Int
        var rejected: Int
        var stored: Int
        var decided: Int
        var lag: Int
        var matched_share: Double
        var faults: [String]
    }

    /// Starts the main job with a fleet of 60, and stops what is left of it at the end.
    private func withDemo(
        simulated: Int, duration: Int, _ body: (WorkerProcess, String) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-demo-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await TestDatabase.withDatabase { url in
            let demo = try WorkerProcess(
                [
                    "dev", "demo", "--vehicles", "60", "--simulated", String(simulated),
                    "--duration", String(duration), "--live", "0", "--unjudged", "--out",
                    "\(directory)/out",
                ],
                // A broker of its own, whatever other suites are pointed at.
                environment: ["DATABASE_URL": url, "KAFKA_BOOTSTRAP_SERVERS": ""],
                log: "\(directory)/demo.log")
            defer { demo.kill() }
            try await body(demo, directory)
        }
    }

    @Test("every location that was sent is accounted for at every place, and nothing is left over")
    func figures() async throws {
        try await withDemo(simulated: 120, duration: 5) { demo, directory in
            #expect(try await demo.end() == 0, "\(demo.text)")
            let file = URL(fileURLWithPath: "\(directory)/out/run.json")
            let figures = try JSONDecoder().decode(Figures.self, from: Data(contentsOf: file))
            #expect(figures.sent > 500)
            #expect(figures.sent == figures.accepted + figures.rejected)
            #expect(figures.stored == figures.accepted && figures.decided == figures.accepted)
            #expect(figures.lag == 0 && figures.faults.isEmpty, "\(figures.faults)")
            #expect(figures.matched_share > 0.9)
            #expect(FileManager.default.fileExists(atPath: "\(directory)/out/traffic.svg"))
            try await WorkerProcess.noneNames(directory)
        }
    }

    @Test("Ctrl-C, and its echo, stop it in order: exit status 130, and no process is left")
    func interrupted() async throws {
        try await withDemo(simulated: 1_200, duration: 600) { demo, directory in
            try await demo.says("door             http://")
            // As a terminal and a script that passes its own on.
            demo.signal(SIGINT)
            demo.signal(SIGINT)
            #expect(try await demo.end() == 130, "\(demo.text)")
            #expect(demo.text.contains("stopped          in order"), "\(demo.text)")
            #expect(
                !FileManager.default.fileExists(atPath: "\(directory)/out/run.json"),
                "an interrupted run has no figures")
            try await WorkerProcess.noneNames(directory)
        }
    }

    @Test("a broker does not outlive the run that is killed")
    func killed() async throws {
        try await withDemo(simulated: 1_200, duration: 600) { demo, directory in
            try await demo.says("broker           127.0.0.1:")
            demo.kill()
            try await WorkerProcess.noneNames(directory)
        }
    }
}
