internal import Foundation
internal import PostgresClient
internal import Records
internal import State

/// What stands beside a pipeline's tables: views and functions, which carry as their comment what they were made of.
///
/// So one that is there already is not made again, and a role that may only read and write can start the pipeline.
struct TableViews {
    /// A view or a function.
    private struct View {
        let sql: String
        let name: String
        let isFunction: Bool

        /// Reads `CREATE OR REPLACE VIEW name …` or `CREATE OR REPLACE FUNCTION name(…) …`.
        init(_ sql: String) throws {
            let words = sql.split(whereSeparator: { $0.isWhitespace || $0 == "(" }).prefix(5)
                .map(String.init)
            guard words.count == 5, words.prefix(3) == ["CREATE", "OR", "REPLACE"],
                ["VIEW", "FUNCTION"].contains(words[3])
            else {
                throw DataflowError(
                    .invalidDefinition, domain: .user,
                    "a view begins with CREATE OR REPLACE VIEW or FUNCTION and a name")
            }
            self.sql = sql
            isFunction = words[3] == "FUNCTION"
            name = words[4]
        }

        /// Names the statement that made it.
        var version: String { "millrace " + String(sql.streamHash, radix: 16) }

        /// Whether it is there, and whether it was made by this very statement.
        func state(_ connection: PostgresConnection) throws -> (isThere: Bool, fits: Bool) {
            let found = try connection.query(
                isFunction
                    ? "SELECT o IS NOT NULL, obj_description(o, 'pg_proc')"
                        + " FROM CAST(to_regproc($1) AS oid) AS o"
                    : "SELECT o IS NOT NULL, obj_description(o, 'pg_class')"
                        + " FROM CAST(to_regclass($1) AS oid) AS o", [.text(name)])
            guard let row = found.first else { return (false, false) }
            return (try row.value(0), try row.optional(1, as: String.self) == version)
        }

        func create(_ connection: PostgresConnection) throws {
            try connection.script(sql)
            try connection.script(
                "COMMENT ON \(isFunction ? "FUNCTION" : "VIEW") \(name) IS '\(version)'")
        }
    }

    /// The number of the lock under which views are replaced.
    private static let lock = 7_211_001

    private let views: [View]
    private let pipeline: String

    /// Takes statements in the order in which they build on one another.
    init(_ statements: [String], of pipeline: String) throws {
        views = try statements.map { try View($0) }
        self.pipeline = pipeline
    }

    /// Makes what is missing, and anew what was made by another statement.
    ///
    /// - Parameter warn: told when some are there that differ, and that this role may not replace: people who look
    ///   at them see what another version of the program shows, and the pipeline needs none of them.
    /// - Throws: when one is missing that can't be made.
    func create(_ postgres: PostgresConfiguration, warn: (String) -> Void) throws {
        if views.isEmpty { return }
        let connection = try PostgresConnection(postgres)
        defer { connection.close() }
        if try unfit(connection).isEmpty { return }
        do {
            // Two workers that replace one view at a time would be refused.
            try connection.transaction {
                try connection.script("SELECT pg_advisory_xact_lock(\(TableViews.lock))")
                for view in try unfit(connection) { try view.create(connection) }
            }
        } catch let error as PostgresError where error.condition == .forbidden {
            let unfit = try unfit(connection)
            guard try unfit.allSatisfy({ try $0.state(connection).isThere }) else {
                throw error.dataflowError
            }
            let names = unfit.map(\.name).joined(separator: ", ")
            warn(
                "\(pipeline): \(names) may be of another version, and this role may not replace them "
                    + "(\(error.message)): run the pipeline once as their owner")
        }
    }

    private func unfit(_ connection: PostgresConnection) throws -> [View] {
        try views.filter { try !$0.state(connection).fits }
    }
}
