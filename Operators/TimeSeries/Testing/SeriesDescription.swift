/// A line of a promqltest file: a series and the values of its samples, `metric{a="b"} 1+2x3 _ 5`.
public struct SeriesDescription: Sendable {
    /// One value of the sequence.
    public enum Value: Sendable {
        /// A number, which may be the stale marker.
        case number(Double)
        /// No sample.
        case omitted
        /// A native histogram, which this module doesn't keep.
        case nativeHistogram
    }

    /// Why a line is no description.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// How many values a line may stand for.
    public static let valueLimit = 1_000_000

    /// What names the series.
    public let labels: Labels
    /// The values, one for each step.
    public let values: [Value]

    /// Whether any of the values is a native histogram.
    public var hasNativeHistogram: Bool {
        values.contains { if case .nativeHistogram = $0 { true } else { false } }
    }

    /// Reads a line.
    public init(parsing line: String) throws(Failure) {
        let bytes = Array(line.utf8)
        var end = 0
        var quote: UInt8?
        var inBraces = false
        while end < bytes.count {
            let byte = bytes[end]
            if let open = quote {
                if byte == UInt8(ascii: "\\"), open != UInt8(ascii: "`") { end += 1 }
                if byte == open { quote = nil }
            } else if inBraces, [34, 39, 96].contains(byte) {
                quote = byte
            } else if byte == UInt8(ascii: "{") {
                inBraces = true
            } else if byte == UInt8(ascii: "}") {
                inBraces = false
            } else if !inBraces, byte == 32 || byte == 9 {
                break
            }
            end += 1
        }
        end = min(end, bytes.count)
        labels = try SeriesDescription.labels(String(decoding: bytes[..<end], as: UTF8.self))
        values = try SeriesDescription.values(String(decoding: bytes[end...], as: UTF8.self))
    }

    /// The labels of `metric{a="b"}`, read as a selector of equalities.
    private static func labels(_ text: String) throws(Failure) -> Labels {
        if text == "{}" { return .empty }
        let tokens: [Token]
        do {
            tokens = try Lexer.tokens(of: text)
        } catch {
            throw Failure(description: "\(error)")
        }
        var labels: [Label] = []
        var index = 0
        if let first = tokens.first, first.kind != .end, !first.isSymbol("{") {
            labels.append(Label(Labels.metricName, first.text))
            index = 1
        }
        func unquoted(_ token: Token) throws(Failure) -> String {
            do {
                return String(
                    decoding: try StringUnescaper.bytes(of: token.text), as: UTF8.self)
            } catch {
                throw Failure(description: error.message)
            }
        }
        if tokens[index].isSymbol("{") {
            index += 1
            while !tokens[index].isSymbol("}") {
                let name =
                    tokens[index].kind == .string
                    ? try unquoted(tokens[index]) : tokens[index].text
                index += 1
                if tokens[index].isSymbol("=") {
                    guard index + 1 < tokens.count, tokens[index + 1].kind == .string else {
                        throw Failure(description: "a label's value is no string in \(text)")
                    }
                    labels.append(Label(name, try unquoted(tokens[index + 1])))
                    index += 2
                } else {
                    labels.append(Label(Labels.metricName, name))
                }
                if tokens[index].isSymbol(",") { index += 1 }
                guard tokens[index].kind != .end else {
                    throw Failure(description: "unclosed braces in \(text)")
                }
            }
        }
        return Labels(labels)
    }

    private static func values(_ text: String) throws(Failure) -> [Value] {
        var values: [Value] = []
        var rest = Substring(text)
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            guard let first = rest.first else { break }
            if first == "{" {
                rest = try skipHistogram(rest, &values)
                continue
            }
            let item = rest.prefix { $0 != " " && $0 != "\t" }
            rest = rest.dropFirst(item.count)
            values += try expanded(String(item))
            guard values.count <= valueLimit else {
                throw Failure(description: "more than \(valueLimit) values")
            }
        }
        return values
    }

    private static func skipHistogram(
        _ text: Substring, _ values: inout [Value]
    ) throws(Failure) -> Substring {
        guard let close = text.firstRange(of: "}}") else {
            throw Failure(description: "unclosed histogram")
        }
        var rest = text[close.upperBound...]
        var count = 1
        if rest.first == "+" || rest.first == "-" {
            guard let second = rest.firstRange(of: "}}") else {
                throw Failure(description: "unclosed histogram")
            }
            rest = rest[second.upperBound...]
        }
        if rest.first == "x" {
            let digits = rest.dropFirst().prefix(while: \.isNumber)
            rest = rest.dropFirst(digits.count + 1)
            count = min(valueLimit, (Int(digits) ?? 0)) + 1
        }
        values += Array(repeating: .nativeHistogram, count: count)
        return rest
    }

    /// `5`, `_x3`, `1+2x3`, `stale`, `Inf`.
    private static func expanded(_ item: String) throws(Failure) -> [Value] {
        let failure = Failure(description: "unexpected value \(item)")
        func count(_ text: Substring) throws(Failure) -> Int {
            guard let count = Int(text), count >= 0, count <= valueLimit else { throw failure }
            return count
        }
        if item == "_" { return [.omitted] }
        if item.hasPrefix("_x") {
            return Array(repeating: .omitted, count: try count(item.dropFirst(2)))
        }
        if item == "stale" { return [.number(StaleMarker.value)] }
        if let number = PromQLText.parseNumber(item), !item.contains("x") {
            return [.number(number)]
        }
        guard let times = item.lastIndex(of: "x") else { throw failure }
        let repeats = try count(item[item.index(after: times)...])
        let head = item[..<times]
        if let number = PromQLText.parseNumber(String(head)) {
            return Array(repeating: .number(number), count: repeats + 1)
        }
        // `start±delta`: the sign that is no part of an exponent.
        var split: Substring.Index?
        for index in head.indices.dropFirst() where head[index] == "+" || head[index] == "-" {
            let before = head[head.index(before: index)]
            if before != "e", before != "E" {
                split = index
                break
            }
        }
        guard let split, let start = PromQLText.parseNumber(String(head[..<split])),
            let delta = PromQLText.parseNumber(String(head[split...]))
        else { throw failure }
        // Adding step by step, as Prometheus does, keeps the rounding the same.
        var value = start
        var values: [Value] = [.number(start)]
        for _ in 0..<repeats {
            value += delta
            values.append(.number(value))
        }
        return values
    }
}
