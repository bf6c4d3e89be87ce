internal import Records

/// An identifier as it stands in SQL: in double quotes, with those inside it doubled.
func quotedIdentifier(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
        + "\""
}

/// The name of a table: `name` or `schema.name`.
struct QualifiedName: Hashable, CustomStringConvertible {
    /// The longest identifier; PostgreSQL would cut a longer one off without a word.
    static let maximumBytes = 63

    let schema: String?
    let name: String

    /// Takes the name apart.
    ///
    /// - Throws: ``PostgresError`` of condition `.misuse` when it isn't one.
    init(_ text: String) throws(PostgresError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), parts.allSatisfy(QualifiedName.isIdentifier),
            let name = parts.last
        else {
            throw PostgresError(
                .misuse, "a table's name is \"name\" or \"schema.name\", each of 1 to 63 bytes")
        }
        schema = parts.count == 2 ? parts[0] : nil
        self.name = name
    }

    private init(schema: String?, name: String) {
        self.schema = schema
        self.name = name
    }

    /// Another table in the same schema.
    func sibling(_ name: String) -> QualifiedName { QualifiedName(schema: schema, name: name) }

    /// The same table, in a schema that is named.
    func located(in schema: String) -> QualifiedName { QualifiedName(schema: schema, name: name) }

    /// The name as it stands in SQL.
    var sql: String {
        (schema.map { quotedIdentifier($0) + "." } ?? "") + quotedIdentifier(name)
    }

    /// The name as it was given.
    var description: String { (schema.map { "\($0)." } ?? "") + name }

    /// Whether a text can be the name of a table or column.
    static func isIdentifier(_ text: String) -> Bool {
        (1...maximumBytes).contains(text.utf8.count) && !text.utf8.contains(0)
    }
}
