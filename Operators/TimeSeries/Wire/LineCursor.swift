internal import Glibc

/// A place in a line of a metrics page.
struct LineCursor {
    private let bytes: UnsafeRawBufferPointer
    private let line: Int
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer, line: Int) {
        // A page may have come with the line breaks of another system.
        let isCut = bytes.last == 13
        self.bytes = isCut ? UnsafeRawBufferPointer(rebasing: bytes.dropLast()) : bytes
        self.line = line
    }

    var isAtEnd: Bool { position >= bytes.count }

    func failure(_ reason: String) -> WireError { .malformedLine(line: line, reason: reason) }

    @inline(__always)
    func isAt(_ byte: UInt8) -> Bool { position < bytes.count && bytes[position] == byte }

    @inline(__always)
    mutating func accept(_ byte: UInt8) -> Bool {
        guard isAt(byte) else { return false }
        position += 1
        return true
    }

    @inline(__always)
    mutating func skipBlanks() {
        while position < bytes.count, bytes[position] == 32 || bytes[position] == 9 {
            position += 1
        }
    }

    static func index(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base, Int32(byte), bytes.count)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// Seconds as milliseconds, if they fit.
    static func milliseconds(_ seconds: Double) -> Int64? {
        let scaled = (seconds * 1_000).rounded(.toNearestOrAwayFromZero)
        return scaled.magnitude < 9e18 ? Int64(scaled) : nil
    }

    /// The bytes of a name: letters, digits, `_`, perhaps `:`; none where no name begins.
    mutating func rawName(allowingColon: Bool) -> UnsafeRawBufferPointer {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            let isFine =
                Lexer.isLetter(byte) || ((48...57).contains(byte) && position > start)
                || (allowingColon && byte == 58)
            guard isFine else { break }
            position += 1
        }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
    }

    /// A family's name, which may be in quotes.
    mutating func familyName() throws(WireError) -> String {
        if isAt(34) { return try quoted() }
        let name = rawName(allowingColon: true)
        guard !name.isEmpty else { throw failure("expected a metric's name") }
        return String(decoding: name, as: UTF8.self)
    }

    /// The bytes up to the next blank.
    mutating func word() -> String {
        let start = position
        while position < bytes.count, bytes[position] != 32, bytes[position] != 9 { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// The rest of the line, with `\\` and `\n` read as what they stand for.
    mutating func restUnescaped(quotes: Bool) -> String {
        let rest = bytes[position...]
        position = bytes.count
        guard rest.contains(92) else { return String(decoding: rest, as: UTF8.self) }
        return String(decoding: LineCursor.unescaped(rest, quotes: quotes), as: UTF8.self)
    }

    private static func unescaped(
        _ bytes: Slice<UnsafeRawBufferPointer>, quotes: Bool
    ) -> [UInt8] {
        var output: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            var byte = bytes[index]
            if byte == 92, index + 1 < bytes.endIndex {
                let next = bytes[index + 1]
                let known = next == 92 || next == 110 || (quotes && next == 34)
                if known {
                    byte = next == 110 ? 10 : next
                    index += 1
                }
            }
            output.append(byte)
            index += 1
        }
        return output
    }

    /// A string between double quotes.
    mutating func quoted() throws(WireError) -> String {
        guard accept(34) else { throw failure("expected a string in double quotes") }
        let start = position
        var hasEscapes = false
        while position < bytes.count, bytes[position] != 34 {
            if bytes[position] == 92 {
                hasEscapes = true
                position += 1
            }
            position += 1
        }
        guard position < bytes.count else { throw failure("a string is not closed") }
        let inner = bytes[start..<position]
        position += 1
        let text =
            hasEscapes
            ? String(validating: LineCursor.unescaped(inner, quotes: true), as: UTF8.self)
            : String(validating: inner, as: UTF8.self)
        guard let text else { throw failure("a string is not UTF-8") }
        return text
    }

    /// A number as Go and OpenMetrics write it.
    mutating func number() throws(WireError) -> Double {
        let start = position
        if let fast = plainNumber() { return fast }
        position = start
        while position < bytes.count, bytes[position] > 32 { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard !text.isEmpty else { throw failure("expected a number") }
        switch text.lowercased() {
        case "+inf", "inf": return .infinity
        case "-inf": return -.infinity
        case "nan": return StaleMarker.normalNaN
        default: break
        }
        let isNumeric = text.utf8.allSatisfy {
            (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0)
        }
        // What is left is decimal with an exponent or many digits; the library rounds it right.
        guard isNumeric, let value = PromQLText.parseDecimal(text) else {
            throw failure("not a number")
        }
        return value
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// A number of at most 15 digits and a power of ten that is exact, whose quotient or product
    /// is therefore rounded once (Clinger, "How to read floating point numbers accurately", 1990).
    private mutating func plainNumber() -> Double? {
        let isNegative = accept(45)
        var digits: UInt64 = 0
        var count = 0
        var places = 0
        var seenPoint = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte &- 48 < 10 {
                digits = digits &* 10 &+ UInt64(byte &- 48)
                count += 1
                if seenPoint { places += 1 }
            } else if byte == 46, !seenPoint {
                seenPoint = true
            } else {
                break
            }
            position += 1
        }
        guard count > 0, count <= 15 else { return nil }
        var exponent = -places
        if position < bytes.count, bytes[position] | 32 == 101 {
            position += 1
            let isMinus = accept(45)
            if !isMinus { _ = accept(43) }
            var size = 0
            let start = position
            while position < bytes.count, bytes[position] &- 48 < 10, position - start < 4 {
                size = size * 10 + Int(bytes[position] &- 48)
                position += 1
            }
            guard position > start else { return nil }
            exponent += isMinus ? -size : size
        }
        guard position >= bytes.count || bytes[position] <= 32, exponent.magnitude <= 22 else {
            return nil
        }
        let whole = Double(digits)
        let value =
            exponent < 0
            ? whole / LineCursor.powers[-exponent] : whole * LineCursor.powers[exponent]
        return isNegative ? -value : value
    }
}

/// Names that come again and again, made once.
struct NameTable {
    private var slots: [String] = Array(repeating: "", count: 1_024)

    mutating func string(_ bytes: UnsafeRawBufferPointer) -> String {
        if bytes.count <= 15 { return String(decoding: bytes, as: UTF8.self) }
        var hash: UInt32 = 2_166_136_261
        for byte in bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        let slot = Int(hash & 1_023)
        let isKnown =
            slots[slot].utf8.count == bytes.count && slots[slot].utf8.elementsEqual(bytes)
        if !isKnown { slots[slot] = String(decoding: bytes, as: UTF8.self) }
        return slots[slot]
    }
}
