/// How PromQL writes numbers, durations, strings and names.
public enum PromQLText {
    /// Whether a name needs no quotes as a metric: letters, digits, `_` and `:`, no digit first.
    public static func isLegacyMetricName(_ name: String) -> Bool {
        isName(name, allowing: UInt8(ascii: ":"))
    }

    /// Whether a name needs no quotes as a label: letters, digits and `_`, no digit first.
    public static func isLegacyLabelName(_ name: String) -> Bool { isName(name, allowing: nil) }

    private static func isName(_ name: String, allowing extra: UInt8?) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0)
                || $0 == UInt8(ascii: "_") || $0 == extra
        }
    }

    /// A string between double quotes, with escapes where they are needed.
    public static func quoted(_ text: String) -> String { quoted(bytes: Array(text.utf8)) }

    /// Bytes between double quotes; those that are not UTF-8 as `\xNN`.
    static func quoted(bytes: [UInt8]) -> String {
        var output = "\""
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var consumed = 0
        loop: while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                output += escaped(scalar)
                consumed += UTF8.width(scalar)
            case .emptyInput: break loop
            case .error:
                output += "\\x" + hex(UInt32(bytes[min(consumed, bytes.count - 1)]), width: 2)
                consumed += 1
                guard consumed < bytes.count else { break loop }
                decoder = UTF8()
                iterator = Array(bytes[consumed...]).makeIterator()
                return output + quoted(bytes: Array(bytes[consumed...])).dropFirst()
            }
        }
        return output + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{7}": return "\\a"
        case "\u{8}": return "\\b"
        case "\u{c}": return "\\f"
        case "\u{b}": return "\\v"
        default: break
        }
        if scalar.value < 32 || scalar.value == 127 {
            return "\\x" + hex(scalar.value, width: 2)
        }
        return String(scalar)
    }

    static func hex(_ value: UInt32, width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// The shortest decimal digits of a finite, positive number and the place of the point behind
    /// the first of them.
    private static func digits(_ value: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var exponent = 0
        var point: Int?
        var text = Array(value.description.utf8)
        if let e = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(String(decoding: text[(e + 1)...], as: UTF8.self)) ?? 0
            text.removeSubrange(e...)
        }
        for byte in text {
            if byte == UInt8(ascii: ".") { point = digits.count } else { digits.append(byte) }
        }
        exponent += (point ?? digits.count) - 1
        let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
        if leading == digits.count { return ([UInt8(ascii: "0")], 0) }
        digits.removeFirst(leading)
        exponent -= leading
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, exponent)
    }

    private static func special(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return nil
    }

    /// The shortest decimal that reads back as the same number, without an exponent: how the API
    /// writes values.
    public static func number(_ value: Double) -> String {
        if let special = special(value) { return special }
        let sign = value.sign == .minus ? "-" : ""
        let (digits, exponent) = digits(value.magnitude)
        let text = String(decoding: digits, as: UTF8.self)
        if exponent < 0 {
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + text
        }
        if digits.count <= exponent + 1 {
            return sign + text + String(repeating: "0", count: exponent + 1 - digits.count)
        }
        let whole = text.prefix(exponent + 1)
        return sign + whole + "." + text.dropFirst(exponent + 1)
    }

    /// The shortest decimal, with an exponent below 1e-4 and from `limit` digits on: `%g` of C.
    public static func compactNumber(_ value: Double, limit: Int = 21) -> String {
        if let special = special(value) { return special }
        let (digits, exponent) = digits(value.magnitude)
        if value == 0 || (exponent >= -4 && exponent < limit) { return number(value) }
        var text = String(decoding: digits.prefix(1), as: UTF8.self)
        if digits.count > 1 {
            text += "." + String(decoding: digits.dropFirst(), as: UTF8.self)
        }
        let magnitude = String(exponent.magnitude)
        let padded = magnitude.count < 2 ? "0" + magnitude : magnitude
        return (value < 0 ? "-" : "") + text + (exponent < 0 ? "e-" : "e+") + padded
    }

    /// A duration in milliseconds as `1h30m`, in units that divide it; `0s` for none.
    public static func duration(_ milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var rest = milliseconds.magnitude
        var text = milliseconds < 0 ? "-" : ""
        let units: [(String, UInt64, Bool)] = [
            ("y", 31_536_000_000, true), ("w", 604_800_000, true), ("d", 86_400_000, false),
            ("h", 3_600_000, false), ("m", 60_000, false), ("s", 1_000, false), ("ms", 1, false),
        ]
        for (name, size, exactOnly) in units {
            // Years and weeks are written only when nothing is left over.
            if exactOnly, rest % size != 0 { continue }
            if rest >= size {
                text += "\(rest / size)\(name)"
                rest %= size
            }
        }
        return text
    }

    /// Reads `1h30m`: units in falling order, each at most once; milliseconds.
    ///
    /// - Returns: `nil` for text of another form, or one too long for 292 years.
    public static func parseDuration(_ text: String) -> Int64? {
        durationForm(text).flatMap { $0 }
    }

    /// Reads a duration; `nil` for text of another form, `.some(nil)` for one too long.
    static func durationForm(_ text: String) -> Int64?? {
        if text == "0" { return 0 }
        let units: [(String, Int64)] = [
            ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000),
            ("m", 60_000), ("s", 1_000), ("ms", 1),
        ]
        var rest = Substring(text)
        var total: Int64? = 0
        var nextUnit = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let unit = units.firstIndex(where: { $0.0 == name }), unit >= nextUnit else {
                return nil
            }
            nextUnit = unit + 1
            // Nanoseconds of any duration fit an integer.
            let limit = Int64.max / 1_000_000
            if let count = Int64(digits), let before = total,
                count <= (limit - before) / units[unit].1
            {
                total = before + count * units[unit].1
            } else {
                total = nil
            }
        }
        return .some(total)
    }

    /// Reads a number as PromQL writes it: decimal, hexadecimal, octal or binary, with
    /// underscores between digits, or `Inf` and `NaN` in any case.
    public static func parseNumber(_ text: String) -> Double? {
        var body = Substring(text)
        var negative = false
        if let first = body.first, first == "-" || first == "+" {
            negative = first == "-"
            body = body.dropFirst()
        }
        guard let magnitude = magnitude(body) else { return nil }
        return negative ? -magnitude : magnitude
    }

    private static func magnitude(_ body: Substring) -> Double? {
        let lower = body.lowercased()
        switch lower {
        case "inf", "infinity": return .infinity
        case "nan": return StaleMarker.normalNaN
        case "": return nil
        default: break
        }
        let plain = lower.filter { $0 != "_" }
        if lower.contains("_"), lower.hasSuffix("_") || lower.contains("__") { return nil }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where plain.hasPrefix(prefix) {
            let digits = plain.dropFirst(2)
            if let value = UInt64(digits, radix: radix), value <= UInt64(Int64.max) {
                return Double(value)
            }
            return radix == 16 ? Double(plain) : nil
        }
        if plain.count > 1, plain.hasPrefix("0"), let octal = Int64(plain, radix: 8) {
            return Double(octal)
        }
        guard plain.first?.isASCII == true, plain.utf8.allSatisfy({ isNumeric($0) }) else {
            return nil
        }
        // Swift wants a digit on both sides of the point.
        var spelled = plain
        if spelled.hasPrefix(".") { spelled = "0" + spelled }
        if let point = spelled.firstIndex(of: ".") {
            let after = spelled.index(after: point)
            if after == spelled.endIndex || spelled[after] == "e" {
                spelled.insert("0", at: after)
            }
        }
        return Double(spelled)
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "e")
            || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }
}

extension PromQLText {
    /// A number with a fixed count of decimal places: `%f` of C.
    static func fixed(_ value: Double, places: Int) -> String {
        if let special = special(value) { return special }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded(.toNearestOrEven)
        guard scaled < 9e18 else { return number(value) }
        let digits = String(UInt64(scaled))
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let sign = value < 0 ? "-" : ""
        return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    }
}

extension PromQLText {
    /// Reads the upper bound of a bucket, which is decimal, or an infinity.
    static func parseBound(_ text: String) -> Double? {
        parseDecimal(text)
            ?? (text.contains(where: \.isNumber) ? nil : parseNumber(text))
    }

    /// Reads a decimal number, perhaps with an exponent, as other programs write it: a sign, and
    /// digits on either side of the point.
    static func parseDecimal(_ text: String) -> Double? {
        var body = Substring(text)
        var isNegative = false
        if let first = body.first, first == "-" || first == "+" {
            isNegative = first == "-"
            body = body.dropFirst()
        }
        guard let first = body.first, first.isNumber || first == ".", body != "." else {
            return nil
        }
        var spelled = String(body)
        if spelled.hasPrefix(".") { spelled = "0" + spelled }
        if let point = spelled.firstIndex(of: ".") {
            let after = spelled.index(after: point)
            if after == spelled.endIndex || spelled[after] == "e" || spelled[after] == "E" {
                spelled.insert("0", at: after)
            }
        }
        return Double(spelled).map { isNegative ? -$0 : $0 }
    }
}
