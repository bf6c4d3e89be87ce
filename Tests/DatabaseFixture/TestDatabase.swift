internal import Foundation
package import PostgresClient
internal import Records
package import Testing

/// The server that the suites run against: `DATABASE_URL`, or a private one that the first test starts by
/// `.ci/postgres` and the end of the process removes.
package enum TestDatabase {
    /// Whether there is one.
    package static let isAvailable =
        url != nil
        || !((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? [])
            .isEmpty

    /// The database that the environment names; nil when it names none.
    private static let url = ProcessInfo.processInfo.environment["DATABASE_URL"].flatMap {
        $0.isEmpty ? nil : $0
    }

    /// Why the suites are skipped.
    package static let skipMessage: Comment =
        "DATABASE_URL is not set and no PostgreSQL is installed"

    /// Runs `body` with a schema of its own, which is dropped at the end.
    ///
    /// The schema is the first of the search path, and its name that of the connections, so that a test
    /// finds its own in `pg_stat_activity`.
    package static func withSchema<T>(
        _ body: (PostgresConfiguration) async throws -> T
    ) async throws -> T {
        var configuration = try configuration.get()
        let schema = "test_\(UUID().uuidString.lowercased())"
        let admin = try PostgresConnection(configuration)
        try admin.script("CREATE SCHEMA \"\(schema)\"")
        defer { try? admin.script("DROP SCHEMA \"\(schema)\" CASCADE") }
        configuration.settings["search_path"] = "\"\(schema)\""
        configuration.applicationName = schema
        return try await body(configuration)
    }

    /// Work under way on a thread of its own.
    package struct Started<T: Sendable>: Sendable {
        fileprivate let results: AsyncStream<Result<T, any Error>>

        /// What the work gives, once it is done.
        package func value() async throws -> T {
            for await result in results { return try result.get() }
            throw CancellationError()
        }
    }

    /// Starts blocking work at once on a thread of its own, so that both sides of a wait go on.
    package static func startOnThread<T: Sendable>(
        _ work: @escaping @Sendable () throws -> T
    ) -> Started<T> {
        let (results, continuation) = AsyncStream<Result<T, any Error>>.makeStream()
        Thread.detachNewThread {
            continuation.yield(Result(catching: work))
            continuation.finish()
        }
        return Started(results: results)
    }

    /// Runs blocking work on a thread of its own.
    package static func onThread<T: Sendable>(
        _ work: @escaping @Sendable () throws -> T
    ) async throws -> T {
        try await startOnThread(work).value()
    }

    /// How long a test waits for what must come, however slow the machine is.
    private static let longestWait = Duration.seconds(120)

    /// Waits until a query gives a row; false after two minutes.
    package static func eventually(
        _ connection: PostgresConnection, _ sql: String, _ parameters: [PostgresParameter] = []
    ) throws -> Bool {
        let deadline = ContinuousClock.now + longestWait
        repeat {
            if try !connection.query(sql, parameters).isEmpty { return true }
            try connection.query("SELECT pg_sleep(0.01)")
        } while ContinuousClock.now < deadline
        return false
    }

    /// Runs `body` with the URL of an empty database, for programs of their own; it is dropped at the end.
    package static func withDatabase<T>(_ body: (String) async throws -> T) async throws -> T {
        let server = try TestDatabase.server.get()
        let name = "millrace_test_\(UUID().uuidString.lowercased().replacing("-", with: "_"))"
        let admin = try PostgresConnection(try PostgresConfiguration(server))
        try admin.script("CREATE DATABASE \(name)")
        defer { try? admin.script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
        if var parts = URLComponents(string: server), parts.scheme != nil {
            parts.path = "/\(name)"
            return try await body(parts.string ?? server)
        }
        // Of two words for one setting the later one holds.
        return try await body("\(server) dbname=\(name)")
    }

    /// The server that all suites share: a private one is started by the first test.
    private static let server: Result<String, any Error> = Result {
        if let url = TestDatabase.url { return url }
        let script = try TestDatabase.script()
        removeAbandoned(script)
        let directory = directories(script) + "/\(prefix)\(getpid())"
        let started = try run(script, ["start", directory, "--fast"])
        atexit {
            if let script = try? TestDatabase.script() {
                let directory = TestDatabase.directories(script) + "/\(prefix)\(getpid())"
                _ = try? TestDatabase.run(script, ["drop", directory])
            }
        }
        return started
    }

    /// The configuration of the database that all suites share.
    private static let configuration: Result<PostgresConfiguration, any Error> = Result {
        let server = try TestDatabase.server.get()
        // Of a private server nothing is left behind.
        return try TestDatabase.url == nil ? PostgresConfiguration(server) : freshDatabase(server)
    }

    private static func freshDatabase(_ url: String) throws -> PostgresConfiguration {
        var configuration = try PostgresConfiguration(url)
        let name = "millrace_test_\(getpid())"
        let admin = try PostgresConnection(configuration)
        try admin.script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        try admin.script("CREATE DATABASE \(name)")
        atexit {
            guard let url = TestDatabase.url,
                let configuration = try? PostgresConfiguration(url),
                let admin = try? PostgresConnection(configuration)
            else { return }
            try? admin.script("DROP DATABASE IF EXISTS millrace_test_\(getpid()) WITH (FORCE)")
        }
        configuration.database = name
        return configuration
    }

    private static let prefix = "test-postgres-"

    private static func script() throws -> String {
        var directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        while directory.path != "/" {
            let script = directory.appendingPathComponent(".ci/postgres").path
            if FileManager.default.isExecutableFile(atPath: script) { return script }
            directory.deleteLastPathComponent()
        }
        throw DataflowError(.invariant, domain: .internal, ".ci/postgres was not found")
    }

    private static func directories(_ script: String) -> String {
        URL(fileURLWithPath: script).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(".millrace").path
    }

    /// Removes the servers of test processes that were killed.
    private static func removeAbandoned(_ script: String) {
        let entries =
            (try? FileManager.default.contentsOfDirectory(atPath: directories(script))) ?? []
        for entry in entries where entry.hasPrefix(prefix) && !entry.hasSuffix(".lock") {
            guard let pid = Int32(entry.dropFirst(prefix.count)), kill(pid, 0) != 0 else {
                continue
            }
            _ = try? run(script, ["drop", "\(directories(script))/\(entry)"])
        }
    }

    /// Runs `.ci/postgres` with arguments.
    ///
    /// - Returns: what it says, a URL for `start`.
    package static func runScript(_ arguments: [String]) throws -> String {
        try run(try script(), arguments)
    }

    private static func run(_ script: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: script)
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        // One line, written when all is done; the server itself holds no end of the pipe.
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw DataflowError(
                .databaseUnavailable, domain: .external, ".ci/postgres \(arguments[0]) failed")
        }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
