internal import CPostgres
internal import Glibc
internal import Records

/// One connection to PostgreSQL, used by one thread at a time.
///
/// Every call blocks until the server has answered; how long that can be is bounded by the timeouts of
/// the configuration, the server's and this side's own. All errors are ``PostgresError``.
package final class PostgresConnection {
    /// How many reads of pending messages a look at the connection's health may take.
    private static let maximumPendingReads = 16

    /// How many statements are kept prepared; further ones are parsed each time.
    private static let maximumPrepared = 256

    private(set) var handle: OpaquePointer?
    /// How long one statement's answer is waited for.
    package var answerLimit: Duration
    /// The names of prepared statements by their text.
    private var prepared: [String: String] = [:]

    /// Connects.
    ///
    /// - Throws: `.unreachable` when a later try may succeed, `.refused` when it won't.
    package init(_ configuration: PostgresConfiguration) throws {
        answerLimit = configuration.statementTimeout + configuration.answerGrace
        let keywords = configuration.keywords
        var names = keywords.map { strdup($0.0).map { UnsafePointer($0) } }
        var values = keywords.map { strdup($0.1).map { UnsafePointer($0) } }
        defer {
            for string in names + values { free(UnsafeMutablePointer(mutating: string)) }
        }
        names.append(nil)
        values.append(nil)
        let connection = PQconnectdbParams(names, values, 0)
        guard PQstatus(connection) == CONNECTION_OK else {
            let reason = PQerrorMessage(connection).map { String(cString: $0) } ?? "out of memory"
            PQfinish(connection)
            throw PostgresConnection.failure(reason, configuration)
        }
        // Notices ("relation already exists, skipping") would go to standard error.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        PQsetnonblocking(connection, 1)
        handle = connection
        do {
            try script(PostgresConnection.settleSearchPath)
        } catch {
            close()
            throw error
        }
    }

    /// For the role `millrace`, `"$user"` would name our own schema from the moment on at which it exists, and
    /// tables would lie in one schema or another by the order of the first statements.
    private static let settleSearchPath = #"""
        SELECT pg_catalog.set_config('search_path', coalesce((
            SELECT string_agg(part, ',' ORDER BY number)
            FROM unnest(string_to_array(current_setting('search_path'), ','))
                WITH ORDINALITY AS parts(part, number)
            WHERE trim(part) <> '"$user"'), 'public'), false)
        WHERE current_user = 'millrace'
        """#

    deinit { close() }

    /// Ends the session; a transaction that is open is rolled back by the server.
    package func close() {
        if let handle { PQfinish(handle) }
        handle = nil
    }

    /// Whether the connection can't be used any more.
    package var isBroken: Bool { handle == nil || PQstatus(handle) != CONNECTION_OK }

    /// The process that serves the connection; 0 when it is closed.
    package var backendPID: Int32 { handle == nil ? 0 : PQbackendPID(handle) }

    /// Whether no transaction is open and none has failed.
    package var isIdle: Bool { PQtransactionStatus(handle) == PQTRANS_IDLE }

    /// Looks, without a round trip, whether the server has closed the connection in the meantime.
    package func isHealthy() -> Bool {
        guard !isBroken, isIdle else { return false }
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        // Nothing to read is what a healthy idle connection has. A notice may come too; the farewell
        // of a server that ends the session is a message as well, and only the read behind it fails.
        for _ in 0..<PostgresConnection.maximumPendingReads {
            guard poll(&descriptor, 1, 0) > 0 else { return true }
            guard PQconsumeInput(handle) == 1, !isBroken else { return false }
        }
        return false
    }

    /// Runs one statement with parameters `$1`, `$2`, … and gives its rows.
    ///
    /// The result is held in memory: a query over an open-ended set of rows needs a LIMIT.
    @discardableResult
    package func query(
        _ sql: String, _ parameters: [PostgresParameter] = []
    ) throws -> PostgresResult {
        try query(sql, PostgresParameters(parameters))
    }

    /// Runs one statement with parameters that are already encoded.
    @discardableResult
    package func query(_ sql: String, _ parameters: PostgresParameters) throws -> PostgresResult {
        guard !sql.utf8.contains(0) else {
            throw PostgresError(.misuse, "a statement holds a NUL character")
        }
        return try execute(parameters) { count, types, values, lengths, formats in
            PQsendQueryParams(handle, sql, count, types, values, lengths, formats, 1)
        }
    }

    /// Runs one statement that comes again and again: it is parsed and planned once a connection.
    @discardableResult
    func queryPrepared(_ sql: String, _ parameters: PostgresParameters) throws -> PostgresResult {
        if prepared[sql] == nil {
            guard prepared.count < PostgresConnection.maximumPrepared else {
                return try query(sql, parameters)
            }
            let name = "p\(prepared.count)"
            let types = parameters.entries.map { $0.type.rawValue }
            _ = try checked(
                try answer {
                    PQsendPrepare(handle, name, sql, Int32(truncatingIfNeeded: types.count), types)
                })
            prepared[sql] = name
        }
        guard let name = prepared[sql] else { return try query(sql, parameters) }
        return try execute(parameters) { count, _, values, lengths, formats in
            PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1)
        }
    }

    private func execute(
        _ parameters: PostgresParameters,
        _ send: (Int32, [UInt32], [UnsafePointer<CChar>?], [Int32], [Int32]) -> Int32
    ) throws -> PostgresResult {
        let types = parameters.entries.map { $0.type.rawValue }
        let lengths = parameters.entries.map { Int32(truncatingIfNeeded: $0.range?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: parameters.count)
        let result = try parameters.buffer.bytes.withUnsafeBytes { buffer in
            let values = parameters.entries.map { entry in
                entry.range.flatMap { range in
                    buffer.baseAddress?.advanced(by: range.lowerBound)
                        .assumingMemoryBound(to: CChar.self)
                }
            }
            return try answer {
                send(Int32(truncatingIfNeeded: parameters.count), types, values, lengths, formats)
            }
        }
        return try checked(result)
    }

    /// Runs one or more statements without parameters or results, separated by `;`.
    package func script(_ sql: String) throws {
        guard !sql.utf8.contains(0) else {
            throw PostgresError(.misuse, "a statement holds a NUL character")
        }
        let statements = sql.utf8.count { $0 == UInt8(ascii: ";") } + 1
        _ = try checked(try answer(statements: statements) { PQsendQuery(handle, sql) })
    }

    /// Takes a result over or throws its error.
    func checked(_ result: OpaquePointer?) throws -> PostgresResult {
        guard let result else { throw error(of: nil) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            return PostgresResult(owning: result)
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            PQclear(result)
            // The protocol is now inside a COPY that nobody feeds: only a new connection helps.
            close()
            throw PostgresError(.misuse, "a COPY was started by a query")
        default:
            defer { PQclear(result) }
            throw error(of: result)
        }
    }

    func error(of result: OpaquePointer?) -> PostgresError {
        guard handle != nil else {
            return PostgresError(.connectionLost, "the connection is closed")
        }
        return PostgresError.of(result: result, connectionIsBad: isBroken)
    }

    /// Tells a server that isn't there from one that turned us away; the text has no password in it.
    private static func failure(
        _ reason: String, _ configuration: PostgresConfiguration
    ) -> PostgresError {
        // A failed connection has no SQLSTATE in libpq 15; the words below are the server's own.
        let refusals = [
            "authentication failed", "no password supplied", "does not exist",
            "no pg_hba.conf entry",
            "is not permitted to log in", "invalid connection option", "unrecognized configuration",
            "invalid value for parameter", "permission denied",
        ]
        let refused = refusals.contains { reason.contains($0) }
        let line = reason.split(separator: "\n").joined(separator: "; ")
        return PostgresError(
            refused && !reason.contains("No such file or directory") ? .refused : .unreachable,
            "\(configuration): \(line)")
    }
}
