internal import Records

/// A string as it stands in the text, between its quotes.
struct JSONString {
    /// Where its bytes lie, without the quotes.
    var range: Range<Int>
    /// Whether there is a backslash among them.
    var isEscaped: Bool
}

extension JSONCursor {
    /// Takes a string without decoding it.
    mutating func string() throws(RequestRefusal) -> JSONString {
        guard current == UInt8(ascii: "\"") else { throw fault("a string is expected") }
        position &+= 1
        let start = position
        var isEscaped = false
        while position < end {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position &+= 1
                return JSONString(range: start..<(position &- 1), isEscaped: isEscaped)
            }
            guard byte >= 0x20 else { throw fault("a control character stands in a string") }
            position &+= 1
            guard byte == UInt8(ascii: "\\") else { continue }
            isEscaped = true
            try skipEscape()
        }
        throw fault("a string is still open")
    }

    private mutating func skipEscape() throws(RequestRefusal) {
        switch current {
        case UInt8(ascii: "u"):
            position &+= 1
            for _ in 0..<4 {
                guard JSONCursor.hexDigit(current) != nil else {
                    throw fault("four hexadecimal digits are expected")
                }
                position &+= 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position &+= 1
        default: throw fault("an escape is expected")
        }
    }

    static func hexDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte &- UInt8(ascii: "a") &+ 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte &- UInt8(ascii: "A") &+ 10)
        default: nil
        }
    }

    /// Whether a string without escapes reads `text`.
    func holds(_ string: JSONString, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard string.range.count == count else { return false }
        for index in 0..<count
        where bytes[string.range.lowerBound &+ index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// The text of a string that ``string()`` took; nil when it isn't Unicode: bytes that aren't UTF-8,
    /// or half of a surrogate pair.
    func text(_ string: JSONString) -> String? {
        let raw = UnsafeRawBufferPointer(rebasing: bytes[string.range])
        guard string.isEscaped else { return String(validUTF8: raw) }
        var units: [UInt8] = []
        units.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < raw.count else {
                units.append(byte)
                continue
            }
            let escape = raw[index]
            index += 1
            switch escape {
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = JSONCursor.scalar(raw, at: &index) else { return nil }
                units.append(contentsOf: Array(String(Character(scalar)).utf8))
            default: units.append(escape)
            }
        }
        return String(validating: units, as: UTF8.self)
    }

    /// The scalar of `XXXX`, or of `XXXX\uXXXX` when that is a surrogate pair.
    private static func scalar(
        _ raw: UnsafeRawBufferPointer, at index: inout Int
    ) -> Unicode.Scalar? {
        guard let first = codeUnit(raw, at: &index) else { return nil }
        guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) }
        guard index + 1 < raw.count, raw[index] == UInt8(ascii: "\\"),
            raw[index + 1] == UInt8(ascii: "u")
        else { return nil }
        index += 2
        guard let second = codeUnit(raw, at: &index), second & 0xFC00 == 0xDC00 else {
            return nil
        }
        return Unicode.Scalar(
            0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF)))
    }

    private static func codeUnit(_ raw: UnsafeRawBufferPointer, at index: inout Int) -> UInt16? {
        guard raw.count - index >= 4 else { return nil }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = hexDigit(raw[index]) else { return nil }
            unit = unit << 4 | digit
            index += 1
        }
        return unit
    }
}
