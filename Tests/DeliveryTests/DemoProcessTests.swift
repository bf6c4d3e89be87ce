import DatabaseFixture
import Foundation
import KafkaClient
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

    /// Runs `body` with the main job under way, and stops what is left of it at the end.
    private func withDemo(
        simulated: Int, duration: Int, _ body: (WorkerProcess, String) async throws -> Void
    ) async throws {
        try await withPlace { directory, url in
            // A broker of its own, whatever other suites are pointed at.
            let demo = try start(
                simulated: simulated, duration: duration, directory, url, kafka: "")
            defer { demo.kill() }
            try await body(demo, directory)
        }
    }

    /// Starts the main job with a fleet of 60.
    private func start(
        simulated: Int, duration: Int, _ directory: String, _ url: String, kafka: String,
        name: String = "demo"
    ) throws -> WorkerProcess {
        try WorkerProcess(
            [
                "dev", "demo", "--vehicles", "60", "--simulated", String(simulated),
                "--duration", String(duration), "--live", "0", "--unjudged", "--out",
                "\(directory)/out",
            ], environment: ["DATABASE_URL": url, "KAFKA_BOOTSTRAP_SERVERS": kafka],
            log: "\(directory)/\(name).log")
    }

    /// Runs `body` with a directory and a database of its own.
    private func withPlace(_ body: (String, String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-demo-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await TestDatabase.withDatabase { try await body(directory, $0) }
    }

    /// Looks at `run.json`: where every location has gone.
    private func expectAccounted(_ directory: String) throws {
        let file = URL(fileURLWithPath: "\(directory)/out/run.json")
        let figures = try JSONDecoder().decode(Figures.self, from: Data(contentsOf: file))
        #expect(figures.sent > 500)
        #expect(figures.sent == figures.accepted + figures.rejected)
        #expect(figures.stored == figures.accepted && figures.decided == figures.accepted)
        #expect(figures.lag == 0 && figures.faults.isEmpty, "\(figures.faults)")
        #expect(figures.matched_share > 0.9)
    }

    @Test("every location that was sent is accounted for at every place, and nothing is left over")
    func figures() async throws {
        try await withDemo(simulated: 120, duration: 5) { demo, directory in
            #expect(try await demo.end() == 0, "\(demo.text)")
            try expectAccounted(directory)
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

    @Test(
        "on a Kafka of one's own it takes topics as they are, and starts anew behind a run that was stopped"
    )
    func ownKafka() async throws {
        try await withPlace { directory, url in
            let broker = try WorkerProcess(
                ["dev", "broker", "--data", "\(directory)/kafka", "--listen", "127.0.0.1:0"],
                log: "\(directory)/broker.log")
            defer { broker.kill() }
            try await broker.says("listening on ")
            let address = try #require(
                broker.text.firstMatch(of: /listening on (127\.0\.0\.1:\d+)/)?.1)
            let admin = try KafkaAdmin(
                try KafkaConfiguration(bootstrapServers: String(address)))
            defer { admin.close() }
            // Fewer partitions than the demo would make.
            try admin.createTopics([TopicSpec(name: "locations", partitions: 4)])

            let first = try start(
                simulated: 1_200, duration: 600, directory, url, kafka: String(address))
            defer { first.kill() }
            try await first.says("door             http://")
            first.signal(SIGINT)
            let stopped = try await first.end()
            #expect(stopped == 130, "\(first.text)")

            let second = try start(
                simulated: 120, duration: 5, directory, url, kafka: String(address),
                name: "again")
            defer { second.kill() }
            let ended = try await second.end()
            #expect(ended == 0, "\(second.text)")
            try expectAccounted(directory)
            #expect(try admin.partitionCount(of: "locations") == 4)
        }
    }
}
