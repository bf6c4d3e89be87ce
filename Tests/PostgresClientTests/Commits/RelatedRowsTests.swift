import DatabaseFixture
import Foundation
import PostgresClient
import Records
import State
import Testing

/// Rows that hold together only, in a commit of which PostgreSQL refuses others.
@Suite(
    "Related rows beside refused ones",
    .enabled(if: TestDatabase.isAvailable, TestDatabase.skipMessage))
struct RelatedRowsTests {
    private let task = TaskID(run: "run-\(UUID())", stage: "stage", partition: 0)
    // By name the child comes before its parent.
    private static let children = TableSpec(
        "children",
        columns: [.init("id", .integer), .init("parent", .integer), .init("body", .text)],
        key: ["id"])
    private static let parents = TableSpec(
        "parents", columns: [.init("id", .integer), .init("body", .text)], key: ["id"])
    private static let letters = TableSpec(
        "letters", columns: [.init("target", .text), .init("row", .integer)],
        key: ["target", "row"])

    private func decision(_ offset: Int64, _ tables: [TableChanges]) -> CommitDecision {
        RefusedCommit.decision(of: task, offset, tables) { refused in
            TableChanges(
                table: Self.letters,
                rows: refused.map {
                    .upsert([.text(tables[$0.table].table.name), .integer(Int64($0.row))])
                })
        }
    }

    private static func child(_ id: Int64, of parent: Int64, _ body: String = "x") -> RowChange {
        .upsert([.integer(id), .integer(parent), .text(body)])
    }

    private static func parent(_ id: Int64, _ body: String = "x") -> RowChange {
        .upsert([.integer(id), .text(body)])
    }

    private func authority(
        _ configuration: PostgresConfiguration
    ) throws -> PostgresCommitAuthority {
        try RefusedCommit.authority(of: task, configuration)
    }

    private static func family(_ check: String) -> String {
        """
        CREATE TABLE parents (id bigint PRIMARY KEY, body text CHECK (body <> 'bad'));
        CREATE TABLE children (id bigint PRIMARY KEY, parent bigint REFERENCES parents \(check),
            body text CHECK (body <> 'bad'))
        """
    }

    @Test(
        "a child and its parent in one commit are written, whatever else is refused",
        arguments: ["DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE", ""])
    func childAndParent(check: String) async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(Self.family(check))
            let authority = try authority(configuration)
            let children = (0..<40 as Range<Int64>).map { id in
                switch id {
                case 7: Self.child(id, of: 3, "bad")
                case 31: Self.child(id, of: 999)
                default: Self.child(id, of: 39 - id)
                }
            }
            let parents = (0..<40 as Range<Int64>).map { Self.parent($0) }
            try authority.decide([
                decision(
                    1,
                    [
                        TableChanges(table: Self.children, rows: children),
                        TableChanges(table: Self.parents, rows: parents),
                    ])
            ])
            #expect(
                try RefusedCommit.numbers("SELECT id FROM children ORDER BY id", connection)
                    == (0..<40).filter { $0 != 7 && $0 != 31 })
            #expect(try RefusedCommit.numbers("SELECT count(*) FROM parents", connection) == [40])
            #expect(
                try RefusedCommit.numbers("SELECT row FROM letters ORDER BY row", connection) == [
                    7, 31,
                ])
            #expect(authority.isolationTries < 2 * 80, "\(authority.isolationTries)")
        }
    }

    @Test("a child whose parent goes back to an earlier change is written")
    func earlierParent() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(Self.family(""))
            let authority = try authority(configuration)
            try authority.decide([
                decision(
                    1,
                    [
                        TableChanges(table: Self.children, rows: [Self.child(1, of: 5)]),
                        TableChanges(
                            table: Self.parents,
                            rows: [Self.parent(5, "good"), Self.parent(5, "bad")]),
                    ])
            ])
            #expect(try RefusedCommit.numbers("SELECT parent FROM children", connection) == [5])
            #expect(
                try RefusedCommit.numbers("SELECT id FROM parents WHERE body = 'good'", connection)
                    == [5])
            #expect(try RefusedCommit.numbers("SELECT row FROM letters", connection) == [1])
        }
    }

    @Test("rows that refer to one another are written together, and none that refers to nothing")
    func mutual() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(
                """
                CREATE TABLE children (id bigint PRIMARY KEY,
                    parent bigint REFERENCES children DEFERRABLE INITIALLY DEFERRED, body text)
                """)
            let authority = try authority(configuration)
            var rows: [RowChange] = []
            var refused: [Int64] = []
            for id in stride(from: 0 as Int64, to: 60, by: 2) {
                rows += [Self.child(id, of: id + 1), Self.child(id + 1, of: id)]
                if id == 10 || id == 40 {
                    refused.append(Int64(rows.count))
                    rows.append(Self.child(100 + id, of: 999))
                }
            }
            try authority.decide([
                decision(1, [TableChanges(table: Self.children, rows: rows)])
            ])
            #expect(
                try RefusedCommit.numbers("SELECT id FROM children ORDER BY id", connection)
                    == Array(0..<60))
            #expect(
                try RefusedCommit.numbers("SELECT row FROM letters ORDER BY row", connection)
                    == refused)
        }
    }

    @Test("values that change places under a deferred unique constraint do, beside a bad row")
    func swapped() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(
                """
                CREATE TABLE children (id bigint PRIMARY KEY,
                    parent bigint UNIQUE DEFERRABLE INITIALLY DEFERRED,
                    body text CHECK (body <> 'bad'));
                INSERT INTO children VALUES (1, 10, 'x'), (2, 20, 'x')
                """)
            let authority = try authority(configuration)
            try authority.decide([
                decision(
                    1,
                    [
                        TableChanges(
                            table: Self.children,
                            rows: [
                                Self.child(1, of: 20), Self.child(5, of: 50, "bad"),
                                Self.child(2, of: 10), Self.child(3, of: 30),
                            ])
                    ])
            ])
            #expect(
                try RefusedCommit.numbers("SELECT parent FROM children ORDER BY id", connection)
                    == [20, 10, 30])
            #expect(try RefusedCommit.numbers("SELECT row FROM letters", connection) == [1])
        }
    }

    @Test("a parent goes with its children, beside a bad row")
    func deleted() async throws {
        try await TestDatabase.withSchema { configuration in
            let connection = try PostgresConnection(configuration)
            try connection.script(
                Self.family("")
                    + "; INSERT INTO parents VALUES (1, 'x'); INSERT INTO children VALUES (1, 1, 'x')"
            )
            let authority = try authority(configuration)
            try authority.decide([
                decision(
                    1,
                    [
                        TableChanges(
                            table: Self.children,
                            rows: [.delete([.integer(1)]), Self.child(2, of: 2, "bad")]),
                        TableChanges(
                            table: Self.parents,
                            rows: [.delete([.integer(1)]), Self.parent(2)]),
                    ])
            ])
            #expect(try RefusedCommit.numbers("SELECT id FROM children", connection) == [])
            #expect(try RefusedCommit.numbers("SELECT id FROM parents", connection) == [2])
            #expect(try RefusedCommit.numbers("SELECT row FROM letters", connection) == [1])
        }
    }
}
