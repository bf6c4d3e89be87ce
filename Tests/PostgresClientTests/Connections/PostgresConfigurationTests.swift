import DatabaseFixture
import Foundation
import PostgresClient
import Records
import Testing

@Suite("The configuration of connections")
struct PostgresConfigurationTests {
    static let secret = "s3cr3t-\u{e4}"

    @Test(
        "no printing shows the password",
        arguments: [
            "postgres://ada:s3cr3t-%C3%A4@db.example:5433/maps?sslmode=require",
            "host=db.example port=5433 user=ada dbname=maps password='s3cr3t-\u{e4}' sslmode=require",
        ])
    func redaction(url: String) throws {
        let configuration = try PostgresConfiguration(url)
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("s3cr3t"))
            #expect(text.contains("ada@db.example:5433/maps"))
        }
    }

    @Test(
        "a connection string that can't be parsed is refused without being quoted",
        arguments: [
            "postgres://ada:s3cr3t@[::1/maps", "postgres://ada:s3cr3t@db:port/maps?x=s3cr3t",
            "host=db s3cr3t", "password='s3cr3t", "s3cr3t", "postgres://ada:s3cr3t%zz@db/maps",
            "host=db\u{0}s3cr3t",
        ])
    func malformed(url: String) {
        let error = #expect(throws: DataflowError.self) { try PostgresConfiguration(url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.domain == .user)
        #expect(error?.description.contains("s3cr3t") == false)
    }

    @Test("the environment names the database and a file with the password")
    func environment() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-password-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("top secret\nignored".utf8).write(to: URL(fileURLWithPath: path))
        let configuration = try PostgresConfiguration(environment: [
            "DATABASE_URL": "postgres://ada@db/maps", "DATABASE_PASSWORD_FILE": path,
        ])
        #expect("\(configuration)" == "postgres://ada@db/maps")
        let none = #expect(throws: DataflowError.self) {
            try PostgresConfiguration(environment: [:])
        }
        #expect(none?.message == "DATABASE_URL is not set")
        let absent = #expect(throws: DataflowError.self) {
            try PostgresConfiguration("postgres://ada@db/maps", passwordFile: "\(path)-absent")
        }
        #expect(absent?.message.contains("can't be read") == true)
    }

    @Test("nobody listening is a failure that may pass")
    func unreachable() {
        // Port 9 (discard) of the loopback: nobody listens there.
        let configuration = PostgresConfiguration(
            host: "127.0.0.1", port: 9, database: "maps", user: "ada", password: "s3cr3t")
        let error = #expect(throws: PostgresError.self) { try PostgresConnection(configuration) }
        #expect(error?.condition == .unreachable)
        #expect(error?.dataflowError.retry == .backoff)
        #expect(error?.description.contains("s3cr3t") == false)
    }

    @Test(
        "every connection has its timeouts, its name and its settings",
        .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
    func session() async throws {
        try await TestDatabase.withSchema { configuration in
            var configuration = configuration
            configuration.applicationName = "worker \"7\" o'clock"
            configuration.statementTimeout = .milliseconds(12_345)
            configuration.lockTimeout = .seconds(3)
            configuration.idleInTransactionTimeout = .seconds(4)
            configuration.settings["search_path"] = "\"a b\", \"c\\d\""
            let connection = try PostgresConnection(configuration)
            func setting(_ name: String) throws -> String {
                try #require(
                    connection.query("SELECT current_setting($1)", [.text(name)]).first
                ).value(0)
            }
            #expect(try setting("application_name") == "worker \"7\" o'clock")
            #expect(try setting("statement_timeout") == "12345ms")
            #expect(try setting("lock_timeout") == "3s")
            #expect(try setting("idle_in_transaction_session_timeout") == "4s")
            #expect(try setting("search_path") == "\"a b\", \"c\\d\"")
            #expect(try setting("TimeZone") == "UTC")
            #expect(try setting("client_encoding") == "UTF8")
        }
    }

    @Test(
        "settings that a session was not given are named, as by a pooler that drops them",
        .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
    func droppedSettings() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            #expect(try configuration.missingSettings(of: connection).isEmpty)
            var other = configuration
            other.lockTimeout = .seconds(3)
            other.settings["search_path"] = "elsewhere"
            let schema = try #require(configuration.settings["search_path"])
            #expect(
                try other.missingSettings(of: connection) == [
                    "lock_timeout is 10000 instead of 3000",
                    "search_path is \(schema) instead of elsewhere",
                ])
        }
    }

    @Test(
        "a database that is not there is the configuration's fault",
        .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
    func refused() async throws {
        try await TestDatabase.withSchema { configuration in
            var absent = configuration
            absent.database = "no_such_database"
            let error = #expect(throws: PostgresError.self) { try PostgresConnection(absent) }
            #expect(error?.condition == .refused)
            #expect(error?.dataflowError.code == .invalidConfiguration)
        }
    }
}
