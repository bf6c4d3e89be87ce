internal import CPostgres
internal import Records

/// One row of a result; every read is checked for bounds, type and NULL.
package struct PostgresRow {
    private let result: PostgresResult
    private let index: Int

    init(result: PostgresResult, index: Int) {
        self.result = result
        self.index = index
    }

    /// Reads a column, counted from 0, that must not be NULL.
    ///
    /// - Throws: ``PostgresError`` of condition `.unexpectedResult`.
    package func value<T: PostgresDecodable>(
        _ column: Int, as type: T.Type = T.self
    ) throws(PostgresError) -> T {
        guard let value = try optional(column, as: type) else {
            throw unexpected(column, "is NULL")
        }
        return value
    }

    /// Reads a column that may be NULL.
    package func optional<T: PostgresDecodable>(
        _ column: Int, as type: T.Type = T.self
    ) throws(PostgresError) -> T? {
        guard let (bytes, columnType) = try field(column) else { return nil }
        guard let value = T(postgres: bytes, type: columnType) else {
            throw unexpected(column, "of type \(columnType.rawValue) can't be read as \(T.self)")
        }
        return value
    }

    /// Reads a `bytea` that must not be NULL.
    package func bytes(_ column: Int) throws(PostgresError) -> [UInt8] {
        guard let (bytes, type) = try field(column) else { throw unexpected(column, "is NULL") }
        guard type == .bytea else { throw unexpected(column, "is no bytea") }
        return [UInt8](bytes)
    }

    /// Reads a one-dimensional array without NULLs.
    package func array<T: PostgresDecodable>(
        _ column: Int, of type: T.Type = T.self
    ) throws(PostgresError) -> [T] {
        guard let (bytes, _) = try field(column) else { throw unexpected(column, "is NULL") }
        do {
            var reader = ByteReader(bytes)
            let dimensions = try reader.bigEndian(Int32.self)
            _ = try reader.bigEndian(Int32.self)
            let element = PostgresType(rawValue: try reader.bigEndian(UInt32.self))
            if dimensions == 0 { return [] }
            let count = Int(try reader.bigEndian(Int32.self))
            _ = try reader.bigEndian(Int32.self)
            guard dimensions == 1, count >= 0, count <= reader.remaining / 4 else {
                throw CodecError.malformed("an array of another shape")
            }
            var values: [T] = []
            values.reserveCapacity(count)
            for _ in 0..<count {
                let length = Int(try reader.bigEndian(Int32.self))
                guard length >= 0, let value = T(postgres: try reader.raw(length), type: element)
                else { throw CodecError.malformed("an element of another type") }
                values.append(value)
            }
            return values
        } catch {
            throw unexpected(column, "can't be read as an array of \(T.self): \(error)")
        }
    }

    /// Whether a column is NULL.
    package func isNull(_ column: Int) throws(PostgresError) -> Bool {
        try field(column) == nil
    }

    /// The bytes of a column, valid while the result lives; nil for NULL.
    private func field(
        _ column: Int
    ) throws(PostgresError) -> (UnsafeRawBufferPointer, PostgresType)? {
        guard index >= 0, index < result.count else {
            throw PostgresError(
                .unexpectedResult, "row \(index) was read of a result of \(result.count) rows")
        }
        guard let row = Int32(exactly: index), let number = Int32(exactly: column), number >= 0,
            number < PQnfields(result.handle)
        else {
            throw PostgresError(
                .unexpectedResult,
                "column \(column) was read of a result of \(PQnfields(result.handle)) columns")
        }
        if PQgetisnull(result.handle, row, number) == 1 { return nil }
        let type = PostgresType(rawValue: PQftype(result.handle, number))
        let length = Int(PQgetlength(result.handle, row, number))
        return (
            UnsafeRawBufferPointer(start: PQgetvalue(result.handle, row, number), count: length),
            type
        )
    }

    private func unexpected(_ column: Int, _ what: String) -> PostgresError {
        PostgresError(.unexpectedResult, "column \(column) \(what)")
    }
}
