import DatabaseFixture
import Foundation
import PostgresClient
import Records
import State
import Testing
import TrafficUpdates

@testable import Command

/// What a role that may only read and write can do with tables that another one has made.
@Suite(
    "A role that may only read and write",
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct TableRightsTests {
    @Test("starts a pipeline whose tables and views are there, and says what it may not replace")
    func starts() async throws {
        try await TestDatabase.withDatabase { url in
            let owner = try PostgresConfiguration(url)
            let admin = try PostgresConnection(owner)
            defer { admin.close() }
            let entry = try Catalogue.entry(TrafficUpdates.name)
            let plan = try entry.plan(parameters: nil)
            let task = TaskID(run: "rights", stage: "stage", partition: 0)
            try PipelineRunner.createTables(entry, plan, parameters: nil, owner)
            _ = try PostgresCommitAuthority(owner, owner: "owner").claim(task, inputs: [])
            let role = "writer_\(UUID().uuidString.prefix(8).lowercased())"
            try admin.script(
                """
                CREATE ROLE \(role);
                GRANT USAGE ON SCHEMA public, millrace TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, millrace
                    TO \(role)
                """)
            defer { try? admin.script("DROP OWNED BY \(role); DROP ROLE \(role)") }
            var restricted = owner
            restricted.settings["role"] = role
            var warnings: [String] = []
            func start() throws {
                try PipelineRunner.createTables(entry, plan, parameters: nil, restricted) {
                    warnings.append($0)
                }
            }
            try start()
            #expect(warnings.isEmpty)
            let authority = PostgresCommitAuthority(restricted, owner: "writer")
            #expect(try authority.claim(task, inputs: []) == nil)

            // Made by an earlier program: what there is goes on, and is named.
            try admin.script("COMMENT ON FUNCTION traffic_estimate_at IS NULL")
            try start()
            #expect(warnings.count == 1 && warnings[0].contains("traffic_estimate_at may be"))
            try admin.script("DROP VIEW traffic_estimate")
            let error = #expect(throws: DataflowError.self) { try start() }
            #expect(error?.message.contains("42501") ?? false, "\(String(describing: error))")
            // The owner makes what is missing.
            try PipelineRunner.createTables(entry, plan, parameters: nil, owner)
            try start()
            #expect(warnings.count == 1)
        }
    }
}
