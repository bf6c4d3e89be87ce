/// The commands of a promqltest file, the form in which Prometheus keeps its own tests.
public struct PromQLTestFile: Sendable {
    /// A command.
    public enum Command: Sendable {
        /// Forgets every series.
        case clear
        /// Adds samples, `step` milliseconds apart; perhaps native histograms made of classic ones too.
        case load(step: Int64, series: [SeriesDescription], addsNativeHistograms: Bool)
        /// Evaluates an expression and compares the result.
        case evaluate(PromQLTestCase)
    }

    /// Why a file can't be read.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// The line, from 1.
        public let line: Int
        /// What is wrong there.
        public let message: String
        /// Line and fault.
        public var description: String { "line \(line): \(message)" }
    }

    /// The commands in order.
    public private(set) var commands: [Command] = []
    private var lines: [String]
    private var position = 0

    /// Reads a file.
    public init(parsing text: String) throws(Failure) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let trimmed = PromQLTestFile.trimmed(line)
            return trimmed.hasPrefix("#") ? "" : trimmed
        }
        while position < lines.count {
            let line = lines[position]
            let word = line.prefix { !$0.isWhitespace }.lowercased()
            if line.isEmpty {
                position += 1
            } else if word == "clear" {
                commands.append(.clear)
                position += 1
            } else if word.hasPrefix("load") {
                try load()
            } else if word.hasPrefix("eval") {
                try evaluation()
            } else {
                throw failure("invalid command \(PromQLText.quoted(line))")
            }
        }
    }

    static func trimmed(_ text: Substring) -> String {
        var rest = text.drop(while: \.isWhitespace)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    private func failure(_ message: String) -> Failure {
        Failure(line: position + 1, message: message)
    }

    private func duration(_ text: some StringProtocol) throws(Failure) -> Int64 {
        guard let value = PromQLText.parseDuration(String(text)) else {
            throw failure("not a valid duration string: \(text)")
        }
        return value
    }

    private mutating func load() throws(Failure) {
        let words = lines[position].split(whereSeparator: \.isWhitespace)
        guard words.count == 2 else { throw failure("invalid load command") }
        let step = try duration(words[1])
        position += 1
        var series: [SeriesDescription] = []
        while position < lines.count, !lines[position].isEmpty {
            do {
                series.append(try SeriesDescription(parsing: lines[position]))
            } catch {
                throw failure(error.description)
            }
            position += 1
        }
        commands.append(
            .load(
                step: step, series: series,
                addsNativeHistograms: words[0] == "load_with_nhcb"))
    }

    private mutating func evaluation() throws(Failure) {
        var test = try head(lines[position])
        position += 1
        while position < lines.count, !lines[position].isEmpty {
            let line = lines[position]
            if try directive(line, &test) {
                position += 1
                continue
            }
            if let number = PromQLText.parseNumber(line) {
                test.expected = .scalar(number)
                position += 1
                continue
            }
            do {
                test.add(try SeriesDescription(parsing: line))
            } catch {
                throw failure(error.description)
            }
            position += 1
        }
        commands.append(.evaluate(test))
    }

    /// `eval[_…] instant at <time> <query>` or `eval[_…] range from <a> to <b> step <c> <query>`.
    private func head(_ line: String) throws(Failure) -> PromQLTestCase {
        var rest = Substring(line)
        func word() -> Substring {
            rest = rest.drop(while: \.isWhitespace)
            let word = rest.prefix { !$0.isWhitespace }
            rest = rest.dropFirst(word.count)
            return word
        }
        let command = word()
        let kind = word()
        var test = PromQLTestCase(line: position + 1)
        switch command {
        case "eval": break
        case "eval_ordered": test.isOrdered = true
        case "eval_fail": test.mustFail = true
        case "eval_warn": test.mustWarn = true
        case "eval_info": test.mustInform = true
        default: throw failure("invalid evaluation command \(command)")
        }
        func after(_ keyword: String) throws(Failure) -> Int64 {
            guard word() == keyword else { throw failure("expected `\(keyword)`") }
            return try duration(word())
        }
        switch kind {
        case "instant":
            test.start = 0
            if PromQLTestFile.trimmed(rest).hasPrefix("at ") { test.start = try after("at") }
            test.end = test.start
        case "range":
            test.isRange = true
            test.start = try after("from")
            test.end = try after("to")
            test.step = try after("step")
        default: throw failure("invalid evaluation command: \(kind)")
        }
        test.query = PromQLTestFile.trimmed(rest)
        return test
    }

    /// Lines that say something of the result other than its values.
    private func directive(_ line: String, _ test: inout PromQLTestCase) throws(Failure) -> Bool {
        func remainder(_ prefix: String) -> String? {
            line.hasPrefix(prefix)
                ? PromQLTestFile.trimmed(line.dropFirst(prefix.count)) : nil
        }
        if test.mustFail, let message = remainder("expected_fail_message") {
            test.failure = .message(message)
            return true
        }
        if test.mustFail, let pattern = remainder("expected_fail_regexp") {
            test.failure = .pattern(pattern)
            return true
        }
        if let range = remainder("expect range vector") {
            let words = range.split(whereSeparator: \.isWhitespace)
            guard words.count == 6, words[0] == "from", words[2] == "to", words[4] == "step" else {
                throw failure("invalid range vector definition")
            }
            test.pointGrid = (
                try duration(words[1]), try duration(words[3]), try duration(words[5])
            )
            return true
        }
        if let literal = remainder("expect string") {
            guard let bytes = try? StringUnescaper.bytes(of: literal) else {
                throw failure("expected string literal not valid")
            }
            test.expected = .string(String(decoding: bytes, as: UTF8.self))
            return true
        }
        guard line == "expect" || line.hasPrefix("expect ") else { return false }
        try test.expect(remainder("expect") ?? "", failure)
        return true
    }
}
