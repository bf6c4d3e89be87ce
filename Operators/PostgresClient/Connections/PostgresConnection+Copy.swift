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
        let start = PQexec(handle, "COPY \(name.sql) (\(list)) FROM STDIN (FORMAT binary)")
        guard PQresultStatus(start) == PGRES_COPY_IN else {
            _ = try checked(start)
            throw PostgresError(.unexpectedResult, "the server did not start the COPY")
        }
        PQclear(start)
        defer { drain() }
        do {
            try send(rows, columns: columns, table: name)
        } catch {
            PQputCopyEnd(handle, "cancelled by the client")
            throw error
        }
        guard PQputCopyEnd(handle, nil) == 1 else { throw error(of: nil) }
        return try checked(PQgetResult(handle)).affectedRows
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
        let sent = writer.bytes.withUnsafeBytes { buffer in
            PQputCopyData(
                handle, buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(truncatingIfNeeded: buffer.count))
        }
        guard sent == 1 else { throw error(of: nil) }
    }

    /// Reads what is left of the statement's answers, so that the next one can start.
    private func drain() {
        while !isBroken, let rest = PQgetResult(handle) { PQclear(rest) }
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
