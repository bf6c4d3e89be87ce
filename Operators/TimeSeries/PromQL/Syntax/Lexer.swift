/// Cuts an expression into tokens.
struct Lexer {
    private let query: String
    private let bytes: [UInt8]
    private var position = 0
    private var parentheses = 0
    private var inBraces = false
    private var inBrackets = false
    private(set) var tokens: [Token] = []

    /// The tokens of a text, the last one being its end; comments are left out.
    static func tokens(of query: String) throws(PromQLSyntaxError) -> [Token] {
        var lexer = Lexer(query)
        try lexer.run()
        return lexer.tokens
    }

    private init(_ query: String) {
        self.query = query
        bytes = Array(query.utf8)
    }

    private func byte(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private func failure(_ message: String, at start: Int) -> PromQLSyntaxError {
        PromQLSyntaxError(message, SourceRange(start, bytes.count), in: query)
    }

    private mutating func emit(_ kind: Token.Kind, from start: Int) {
        tokens.append(
            Token(
                kind: kind, text: String(decoding: bytes[start..<position], as: UTF8.self),
                range: SourceRange(start, position)))
    }

    /// The character at a place as an error shows it.
    private func shown(_ offset: Int) -> String {
        guard offset < bytes.count else { return "end of input" }
        let text = String(decoding: bytes[offset...].prefix(4), as: UTF8.self)
        guard let scalar = text.unicodeScalars.first else { return "''" }
        return "'\(scalar)'"
    }

    private mutating func run() throws(PromQLSyntaxError) {
        while let next = byte() {
            let start = position
            switch next {
            case 32, 9, 10, 13: position += 1
            case UInt8(ascii: "#"):
                while let inner = byte(), inner != 10, inner != 13 { position += 1 }
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
                try string(quote: next)
            case 48...57: try numberOrDuration()
            case UInt8(ascii: ".") where byte(1).map { (48...57).contains($0) } ?? false:
                try numberOrDuration()
            case UInt8(ascii: ":") where inBrackets:
                position += 1
                emit(.symbol, from: start)
            default:
                if Lexer.isLetter(next) || next == UInt8(ascii: ":") {
                    try word()
                } else {
                    try symbol(next)
                }
            }
        }
        let end = bytes.count
        if inBraces {
            throw failure("unexpected end of input inside braces", at: end)
        }
        if parentheses > 0 { throw failure("unclosed left parenthesis", at: end) }
        if inBrackets { throw failure("unclosed left bracket", at: end) }
        emit(.end, from: end)
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (97...122).contains(byte) || (65...90).contains(byte)
    }

    static func isWord(_ byte: UInt8) -> Bool { isLetter(byte) || (48...57).contains(byte) }

    private mutating func symbol(_ first: UInt8) throws(PromQLSyntaxError) {
        let start = position
        position += 1
        let second = byte()
        switch Unicode.Scalar(first) {
        case "(":
            parentheses += 1
            emit(.symbol, from: start)
        case ")":
            parentheses -= 1
            guard parentheses >= 0 else {
                throw failure("unexpected right parenthesis ')'", at: start)
            }
            emit(.symbol, from: start)
        case "{":
            guard !inBraces else { throw failure("unexpected left brace '{'", at: start) }
            inBraces = true
            emit(.symbol, from: start)
        case "}":
            guard inBraces else { throw failure("unexpected character: '}'", at: start) }
            inBraces = false
            emit(.symbol, from: start)
        case "[":
            guard !inBrackets else { throw failure("unexpected left bracket '['", at: start) }
            inBrackets = true
            emit(.symbol, from: start)
        case "]":
            guard inBrackets else { throw failure("unexpected right bracket ']'", at: start) }
            inBrackets = false
            emit(.symbol, from: start)
        case ",", "@": emit(.symbol, from: start)
        case "+", "-", "*", "/", "%", "^": emit(.op, from: start)
        case "=":
            if second == UInt8(ascii: "=") || (second == UInt8(ascii: "~") && inBraces) {
                position += 1
            } else if second == UInt8(ascii: "~") {
                throw failure("unexpected character after '=': '~'", at: start)
            }
            emit(position - start == 2 && !inBraces ? .op : .symbol, from: start)
        case "!":
            guard second == UInt8(ascii: "=") || (second == UInt8(ascii: "~") && inBraces) else {
                let inside = inBraces ? " inside braces" : ""
                throw failure(
                    "unexpected character after '!'\(inside): \(shown(position))", at: start)
            }
            position += 1
            emit(inBraces ? .symbol : .op, from: start)
        case "<", ">":
            if second == UInt8(ascii: "=") { position += 1 }
            emit(.op, from: start)
        default:
            let inside = inBraces ? " inside braces" : ""
            throw failure("unexpected character\(inside): \(shown(start))", at: start)
        }
    }

    private mutating func word() throws(PromQLSyntaxError) {
        let start = position
        while let next = byte(), Lexer.isWord(next) || next == UInt8(ascii: ":") { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let lower = text.lowercased()
        if inBraces {
            // Inside braces every word is a label's name, whatever it means elsewhere.
            if let colon = bytes[start..<position].firstIndex(of: UInt8(ascii: ":")) {
                throw failure("unexpected character inside braces: ':'", at: colon)
            }
            emit(.identifier, from: start)
        } else if Token.wordOperators.contains(lower) {
            emit(.op, from: start)
        } else if Token.aggregators.contains(lower) {
            emit(.aggregator, from: start)
        } else if Token.keywords.contains(lower) {
            emit(.keyword, from: start)
        } else if Token.preprocessors.contains(lower) {
            emit(.preprocessor, from: start)
        } else if lower == "inf" || lower == "nan" {
            emit(.number, from: start)
        } else {
            emit(text.contains(":") ? .metricIdentifier : .identifier, from: start)
        }
    }

    private mutating func string(quote: UInt8) throws(PromQLSyntaxError) {
        let start = position
        position += 1
        while let next = byte() {
            if next == quote {
                position += 1
                emit(.string, from: start)
                return
            }
            if quote != UInt8(ascii: "`") {
                if next == 10 { break }
                if next == UInt8(ascii: "\\") {
                    position += 1
                    if byte() == nil { throw failure("escape sequence not terminated", at: start) }
                }
            }
            position += 1
        }
        throw failure(
            quote == UInt8(ascii: "`")
                ? "unterminated raw string" : "unterminated quoted string", at: start)
    }

    private mutating func numberOrDuration() throws(PromQLSyntaxError) {
        let start = position
        if scanNumber() {
            emit(.number, from: start)
            return
        }
        position = start
        while let next = byte(), (48...57).contains(next) || (97...122).contains(next) {
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let followed = byte().map { Lexer.isWord($0) || $0 == UInt8(ascii: ".") } ?? false
        guard !followed, text.last?.isLetter == true, Lexer.looksLikeDuration(text) else {
            while let next = byte(), Lexer.isWord(next) || next == UInt8(ascii: ".") {
                position += 1
            }
            let all = String(decoding: bytes[start..<position], as: UTF8.self)
            throw failure(
                "bad number or duration syntax: \(PromQLText.quoted(all))", at: start)
        }
        emit(.duration, from: start)
    }

    /// Digits and units in turn; whether the units are in order is checked when it is read.
    private static func looksLikeDuration(_ text: String) -> Bool {
        var rest = Substring(text)
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard !digits.isEmpty, ["ms", "s", "m", "h", "d", "w", "y"].contains(unit) else {
                return false
            }
        }
        return true
    }

    private mutating func scanNumber() -> Bool {
        let isHex =
            byte() == 48 && (byte(1) == UInt8(ascii: "x") || byte(1) == UInt8(ascii: "X"))
        if isHex {
            position += 2
            while let next = byte(), Lexer.isWord(next) { position += 1 }
        } else {
            var seenExponent = false
            while let next = byte() {
                let isDigit = (48...57).contains(next) || next == UInt8(ascii: "_")
                let isExponent = !seenExponent && (next == 101 || next == 69)
                if isExponent {
                    seenExponent = true
                    if byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-") {
                        position += 1
                    }
                } else if !isDigit && next != UInt8(ascii: ".") {
                    break
                }
                position += 1
            }
        }
        if let next = byte(), Lexer.isWord(next) { return false }
        return true
    }
}
