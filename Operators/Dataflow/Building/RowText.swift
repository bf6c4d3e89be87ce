internal import Records
internal import State

/// A row as JSON, for dead letters that have no record to show.
enum RowText {
    /// The columns of a key as an array.
    static func key(_ change: RowChange, of table: TableSpec) -> [UInt8] {
        var text = "["
        let values =
            switch change {
            case .delete(let key): key
            case .upsert(let row):
                (table.keyIndexes ?? []).filter { $0 < row.count }.map { row[$0] }
            }
        for (index, value) in values.enumerated() {
            if index > 0 { text += "," }
            append(value, to: &text)
        }
        return Array((text + "]").utf8)
    }

    /// The columns of a row as an object; nil for a key that is to be gone.
    static func row(_ change: RowChange, of table: TableSpec) -> [UInt8]? {
        guard case .upsert(let values) = change else { return nil }
        var text = "{"
        for (index, (column, value)) in zip(table.columns, values).enumerated() {
            if index > 0 { text += "," }
            append(.text(column.name), to: &text)
            text += ":"
            append(value, to: &text)
        }
        return Array((text + "}").utf8)
    }

    private static func append(_ value: TableValue, to text: inout String) {
        switch value {
        case .null: text += "null"
        case .integer(let number): text += "\(number)"
        // JSON has no word for infinities and NaN.
        case .double(let number): text += number.isFinite ? "\(number)" : "\"\(number)\""
        case .boolean(let flag): text += flag ? "true" : "false"
        case .time(let time): text += "\(time.milliseconds)"
        case .text(let string): append(string, to: &text)
        case .bytes(let bytes):
            text += "\"\\\\x"
            for byte in bytes { text += hex(UInt32(byte), digits: 2) }
            text += "\""
        }
    }

    private static func append(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\u{0}"..<" ": text += "\\u" + hex(scalar.value, digits: 4)
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    private static func hex(_ number: UInt32, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
