import DatabaseFixture
import EmbeddedBroker
import Foundation
import PostgresClient

/// Servers for the time of a test, with a directory that goes with them.
enum TestServers {
    /// Runs `body` with the address of an embedded broker and the path of a directory.
    static func withBroker(
        _ name: String, _ body: (_ address: String, _ directory: String) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-\(name)-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let broker = try await EmbeddedBroker.start(
            BrokerConfiguration(dataDirectory: "\(directory)/broker"))
        do {
            try await body(broker.address, directory)
        } catch {
            try? await broker.stop()
            throw error
        }
        try await broker.stop()
    }

    /// Runs blocking work on a thread of its own, with a database beside the broker.
    static func withAll(
        _ name: String,
        _ body:
            @escaping @Sendable (
                _ address: String, _ postgres: PostgresConfiguration, _ directory: String
            ) throws -> Void
    ) async throws {
        try await withBroker(name) { address, directory in
            try await TestDatabase.withSchema { postgres in
                try await TestDatabase.startOnThread {
                    try body(address, postgres, directory)
                }.value()
            }
        }
    }
}
