internal import CPostgres

extension PostgresError {
    /// Reads the error of a result.
    ///
    /// - Parameter connectionIsBad: whether libpq has given the connection up.
    static func of(
        result: OpaquePointer?, connectionIsBad: Bool
    ) -> PostgresError {
        guard let state = field(result, DiagnosticField.sqlState) else {
            return connectionIsBad
                ? PostgresError(.connectionLost, "the connection was lost")
                : PostgresError(.other, "the server's answer could not be used")
        }
        var condition = condition(ofSQLState: state)
        if connectionIsBad, condition != .outcomeUnknown { condition = .connectionLost }
        let primary = field(result, DiagnosticField.primaryMessage) ?? ""
        return PostgresError(
            condition, sqlState: state,
            quotesNoValue(state) ? primary : name(ofSQLState: state),
            table: field(result, DiagnosticField.table),
            column: field(result, DiagnosticField.column),
            constraint: field(result, DiagnosticField.constraint))
    }

    /// Derives what can be done from the server's code: first by code, then by its class.
    static func condition(ofSQLState state: String) -> Condition {
        switch state {
        case "40003", "08007": .outcomeUnknown
        case "57014": .cancelled
        case "55P03": .lockTimeout
        case "42501": .forbidden
        case "25006", "57P03": .exhausted
        case "55006", "55000", "XX000": .unready
        case "25P03", "57P01", "57P02", "57P04", "57P05": .connectionLost
        default:
            switch state.prefix(2) {
            case "08": .connectionLost
            case "22": .dataException
            case "23": .constraint
            case "28", "3D": .refused
            case "3F", "42", "0A": .undefined
            case "40": .conflict
            case "53", "57", "58": .exhausted
            case "54": .limit
            default: .other
            }
        }
    }

    /// Whether the primary message of this code is made of the server's words and identifiers alone.
    private static func quotesNoValue(_ state: String) -> Bool {
        let classes: Set<Substring> = [
            "08", "0A", "23", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58",
        ]
        return classes.contains(state.prefix(2))
    }

    /// A word for the codes whose messages would quote a value.
    private static func name(ofSQLState state: String) -> String {
        switch state {
        case "22001": "a text is too long for its column"
        case "22003": "a number is out of its column's range"
        case "22008": "a time is out of range"
        case "22021", "22P05": "a text has characters that the database can't store"
        case "22P02", "22P03": "a value does not have the form of its type"
        case "22012": "division by zero"
        default:
            state.hasPrefix("22") ? "the server refused a value" : "the server reported an error"
        }
    }

    private static func field(_ result: OpaquePointer?, _ code: Int32) -> String? {
        guard let text = PQresultErrorField(result, code) else { return nil }
        let value = String(cString: text)
        return value.isEmpty ? nil : value
    }
}

/// The fields of an error report that are read (`PG_DIAG_*`, characters of the wire protocol).
private enum DiagnosticField {
    static let sqlState = Int32(UInt8(ascii: "C"))
    static let primaryMessage = Int32(UInt8(ascii: "M"))
    static let table = Int32(UInt8(ascii: "t"))
    static let column = Int32(UInt8(ascii: "c"))
    static let constraint = Int32(UInt8(ascii: "n"))
}
