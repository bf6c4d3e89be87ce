internal import CPostgres
internal import Records
package import State

extension PostgresConnection {
    /// How many bytes of rows are collected before they are handed to libpq.
    private static let copyChunkBytes = 64 << 10

    /// Loads rows by `COPY … FROM STDIN (FORMAT binary)`: the fastest way in, for tables without a
    /// conflict to resolve.
    ///
    /// - Parameters:
    ///   - table: the table's name, with or without schema.
    ///   - columns: the columns that the rows hold, in their order.
    /// - Returns: how many rows were loaded.
    /// - Throws: ``PostgresError``; then no row was loaded.
    @discardableResult
    package func copy<Rows: Sequence>(
        into table: String, columns: [TableSpec.Column], rows: Rows
    ) throws -> Int where Rows.Element == [TableValue] {
        let name = try QualifiedName(table)
        let list = columns.map { quotedIdentifier($0.name) }.joined(separator: ", ")
        let sql = "COPY \(name.sql) (\(list)) FROM STDIN (FORMAT binary)"
        let start = try answer { PQsendQuery(handle, sql) }
        guard PQresultStatus(start) == PGRES_COPY_IN else {
            _ = try checked(start)
            throw PostgresError(.unexpectedResult, "the server did not start the COPY")
        }
        PQclear(start)
        do {
            try send(rows, columns: columns, table: name)
        } catch {
            // What follows from it is nobody's concern: the first failure is thrown.
            if !isBroken, let rest = try? endCopy("cancelled by the client") { PQclear(rest) }
            throw error
        }
        return try checked(try endCopy()).affectedRows
    }

    private func send<Rows: Sequence>(
        _ rows: Rows, columns: [TableSpec.Column], table: QualifiedName
    ) throws where Rows.Element == [TableValue] {
        var encoder = CopyEncoder(columns: columns, table: table)
        for row in rows {
            try encoder.append(row)
            if encoder.writer.count >= PostgresConnection.copyChunkBytes {
                try put(encoder.writer)
                encoder.writer.removeAll()
            }
        }
        encoder.finish()
        try put(encoder.writer)
    }

    private func put(_ writer: ByteWriter) throws {
        try writer.bytes.withUnsafeBytes { try put($0) }
    }
}

/// Writes rows in the format of binary COPY (PostgreSQL manual, COPY, "Binary Format").
private struct CopyEncoder {
    private let columns: [TableSpec.Column]
    private let table: QualifiedName
    private var rowNumber = 0
    var writer = ByteWriter(capacity: 128 << 10)

    init(columns: [TableSpec.Column], table: QualifiedName) {
        self.columns = columns
        self.table = table
        writer.raw(Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00])
        writer.bigEndian(0 as UInt32)
        writer.bigEndian(0 as UInt32)
    }

    mutating func append(_ row: [TableValue]) throws(PostgresError) {
        guard row.count == columns.count, let count = Int16(exactly: row.count) else {
            throw PostgresError(
                .unfitValue,
                "row \(rowNumber) of \(table) has \(row.count) values for \(columns.count) columns")
        }
        writer.bigEndian(count)
        for index in row.indices {
            do throws(BinaryFormat.Unfit) {
                try BinaryFormat.write(row[index], as: columns[index].type, into: &writer)
            } catch {
                throw PostgresError(
                    .unfitValue,
                    "row \(rowNumber) of \(table): column \(columns[index].name) "
                        + error.clause(columns[index].type))
            }
        }
        rowNumber += 1
    }

    mutating func finish() { writer.bigEndian(-1 as Int16) }
}
