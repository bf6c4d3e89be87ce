import Foundation
import PostgresClient
import Records
import Testing

/// The server that the suites run against: `DATABASE_URL`, or a private one that the first test starts by
/// `.ci/postgres` and the end of the process removes.
enum TestDatabase {
    static let isAvailable =
        ProcessInfo.processInfo.environment["DATABASE_URL"] != nil
        || !((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? [])
            .isEmpty

    static let skipMessage: Comment = "DATABASE_URL is not set and no PostgreSQL is installed"

    /// Runs `body` with a schema of its own, which is dropped at the end.
    ///
    /// The schema is the first of the search path, and its name that of the connections, so that a test
    /// finds its own in `pg_stat_activity`.
    static func withSchema<T>(
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
    struct Started<T: Sendable>: Sendable {
        fileprivate let results: AsyncStream<Result<T, any Error>>

        /// What the work gives, once it is done.
        func value() async throws -> T {
            for await result in results { return try result.get() }
            throw CancellationError()
        }
    }

    /// Starts blocking work at once on a thread of its own, so that both sides of a wait go on.
    static func startOnThread<T: Sendable>(
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
    static func onThread<T: Sendable>(
        _ work: @escaping @Sendable () throws -> T
    ) async throws -> T {
        try await startOnThread(work).value()
    }

    /// Waits, by the server's own clock, until a query gives a row; false after about ten seconds.
    static func eventually(
        _ connection: PostgresConnection, _ sql: String, _ parameters: [PostgresParameter] = []
    ) throws -> Bool {
        for _ in 0..<1_000 {
            if try !connection.query(sql, parameters).isEmpty { return true }
            try connection.query("SELECT pg_sleep(0.01)")
        }
        return false
    }

    /// The configuration of the database that all suites share, made by the first test.
    private static let configuration: Result<PostgresConfiguration, any Error> = Result {
        if let url = ProcessInfo.processInfo.environment["DATABASE_URL"] {
            return try freshDatabase(url)
        }
        let script = try TestDatabase.script()
        removeAbandoned(script)
        let directory = directories(script) + "/\(prefix)\(getpid())"
        let url = try run(script, ["start", directory, "--fast"])
        atexit {
            if let script = try? TestDatabase.script() {
                let directory = TestDatabase.directories(script) + "/\(prefix)\(getpid())"
                _ = try? TestDatabase.run(script, ["drop", directory])
            }
        }
        return try PostgresConfiguration(url)
    }

    private static func freshDatabase(_ url: String) throws -> PostgresConfiguration {
        var configuration = try PostgresConfiguration(url)
        let name = "millrace_test_\(getpid())"
        let admin = try PostgresConnection(configuration)
        try admin.script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        try admin.script("CREATE DATABASE \(name)")
        atexit {
            guard let url = ProcessInfo.processInfo.environment["DATABASE_URL"],
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
