internal import PostgresClient
internal import State

/// Rows that don't come out of a stream, such as what is known of a map: written before a pipeline starts.
struct ReferenceRows {
    /// The table that holds them, and nothing else.
    let table: TableSpec
    /// Names what the rows say: a table of the same version is left as it is.
    let version: String
    /// All rows of the table.
    let rows: () -> [[TableValue]]

    /// Makes the table say what the rows say; the version is kept as the table's comment.
    func fill(_ postgres: PostgresConfiguration) throws {
        let connection = try PostgresConnection(postgres)
        defer { connection.close() }
        let name = table.name
        func isPresent() throws -> Bool {
            let found = try connection.query(
                "SELECT obj_description($1::regclass, 'pg_class')", [.text(name)])
            return try found.first?.optional(0, as: String.self) == version
        }
        if try isPresent() { return }
        try connection.transaction {
            // Of several workers one writes, and the others find it done.
            try connection.script("LOCK TABLE \"\(name)\" IN EXCLUSIVE MODE")
            if try isPresent() { return }
            try connection.script("DELETE FROM \"\(name)\"")
            try connection.copy(into: name, columns: table.columns, rows: rows())
            try connection.script("COMMENT ON TABLE \"\(name)\" IS '\(version)'")
        }
    }
}
