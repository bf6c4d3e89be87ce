package import Records

/// Why PostgreSQL did not do what it was asked to: the condition, the server's SQLSTATE and the
/// identifiers it names.
///
/// A value never stands in it: the server's own words are quoted only for the classes of errors whose
/// words are made of identifiers, and its detail, hint and context are never read.
package struct PostgresError: Error, Hashable, Sendable {
    /// What the caller can do about it; derived from the SQLSTATE where there is one.
    package enum Condition: String, Hashable, Sendable {
        /// No connection could be made; a later try may succeed.
        case unreachable
        /// The server is there and turned this configuration away: password, database or role.
        case refused
        /// The connection broke; what it had not committed is gone.
        case connectionLost
        /// The connection broke while COMMIT was under way: it happened or it did not.
        case outcomeUnknown
        /// The transaction lost against another and can be repeated: serialization, deadlock.
        case conflict
        /// A lock was not granted within `lock_timeout`.
        case lockTimeout
        /// The statement ran past `statement_timeout` or was cancelled.
        case cancelled
        /// The server is out of connections, memory, disk, or is starting, stopping or read-only.
        case exhausted
        /// Something is in use or not in the state that it has to be in, or the server met an error of its own: it
        /// may pass.
        case unready
        /// A value has no form in PostgreSQL; found here, before anything was sent.
        case unfitValue
        /// The server refused a value: out of range, too long, not of the type.
        case dataException
        /// A constraint was violated.
        case constraint
        /// A table, column, function or type is missing or differs, or the statement is malformed.
        case undefined
        /// The role may not do this.
        case forbidden
        /// A limit of the server or a bound of this client was reached.
        case limit
        /// A result did not have the form that the caller asked for.
        case unexpectedResult
        /// The client was used in a way that it does not allow.
        case misuse
        /// Anything else; the SQLSTATE says what.
        case other
    }

    /// What can be done about it.
    package var condition: Condition
    /// The five characters of the server's error code (PostgreSQL manual, appendix A); nil when the
    /// error arose on this side.
    package var sqlState: String?
    /// One clause for a person; no value, no secret.
    package var message: String
    /// The table that the server named.
    package var table: String?
    /// The column that the server named.
    package var column: String?
    /// The constraint that the server named.
    package var constraint: String?

    /// Makes an error.
    package init(
        _ condition: Condition, sqlState: String? = nil, _ message: String, table: String? = nil,
        column: String? = nil, constraint: String? = nil
    ) {
        self.condition = condition
        self.sqlState = sqlState
        self.message = message
        self.table = table
        self.column = column
        self.constraint = constraint
    }

    /// Whether it may be a single row's fault, so that its neighbours could be written without it: a value or
    /// its length, a constraint, or a trigger that refuses.
    package var isOfRows: Bool {
        switch condition {
        case .unfitValue, .dataException, .constraint: true
        default:
            switch sqlState?.prefix(2) {
            // A program's limit, as an index entry's length; WITH CHECK OPTION; an exception raised in PL/pgSQL.
            case "54", "44", "P0": true
            default: false
            }
        }
    }

    /// Whether a row that is refused may be taken once other rows are written: a reference to a row that is not
    /// there, a key or a range that another row has, an exception raised in PL/pgSQL for whatever reason.
    var mayDependOnOtherRows: Bool {
        switch sqlState {
        case "23503", "23505", "23P01": true
        default: sqlState?.hasPrefix("P0") ?? false
        }
    }

    /// The same failure in the words of the engine.
    package var dataflowError: DataflowError {
        let (code, domain, retry) = classification
        return DataflowError(code, domain: domain, retry: retry, "PostgreSQL: \(description)")
    }

    private var classification: (DataflowError.Code, DataflowError.Domain, DataflowError.Retry) {
        switch condition {
        case .unreachable, .connectionLost, .conflict, .lockTimeout, .cancelled, .exhausted,
            .unready:
            (.databaseUnavailable, .external, .backoff)
        case .outcomeUnknown: (.databaseUnavailable, .external, .restart)
        case .refused: (.invalidConfiguration, .user, .never)
        case .forbidden: (.databaseUnavailable, .user, .never)
        case .unfitValue: (.rejected, .user, .never)
        case .dataException, .constraint, .undefined: (.tableMismatch, .user, .never)
        case .limit: (.limitExceeded, .user, .never)
        case .unexpectedResult, .misuse: (.invariant, .internal, .never)
        case .other: (.databaseUnavailable, .external, .never)
        }
    }
}

extension PostgresError: CustomStringConvertible {
    /// `message (SQLSTATE …, table …, column …, constraint …)`.
    package var description: String {
        var place: [String] = []
        if let sqlState { place.append("SQLSTATE \(sqlState)") }
        if let table { place.append("table \(table)") }
        if let column { place.append("column \(column)") }
        if let constraint { place.append("constraint \(constraint)") }
        return place.isEmpty ? message : "\(message) (\(place.joined(separator: ", ")))"
    }
}

/// Runs `body` and turns a PostgreSQL error into the engine's.
func asDataflowError<T>(_ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch let error as PostgresError {
        throw error.dataflowError
    }
}
