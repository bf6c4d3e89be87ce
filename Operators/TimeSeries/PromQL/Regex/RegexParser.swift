/// Reads RE2's syntax into a tree.
struct RegexParser {
    typealias Failure = RegularExpression.Failure

    private let pattern: [UInt32]
    private var position = 0
    private var depth = 0
    private var foldsCase = false
    private var dotMatchesNewline: Bool
    private var multiline = false
    private var swapsGreed = false
    private(set) var groupCount = 0
    private(set) var groupNames: [String: Int] = [:]

    init(_ text: String, dotMatchesNewline: Bool) {
        pattern = text.unicodeScalars.map(\.value)
        self.dotMatchesNewline = dotMatchesNewline
    }

    private var next: UInt32? { position < pattern.count ? pattern[position] : nil }

    private func at(_ scalar: Unicode.Scalar) -> Bool { next == scalar.value }

    private mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
        guard at(scalar) else { return false }
        position += 1
        return true
    }

    private func text(_ range: Range<Int>) -> String {
        var result = String.UnicodeScalarView()
        for value in pattern[range] { Unicode.Scalar(value).map { result.append($0) } }
        return String(result)
    }

    private func failure(_ what: String, from start: Int) -> Failure {
        let end = min(pattern.count, max(start, position))
        return Failure(
            description: "error parsing regexp: \(what): `\(text(min(start, end)..<end))`")
    }

    /// Reads the whole pattern.
    mutating func parse() throws(Failure) -> RegexNode {
        let node = try choice()
        if position < pattern.count {
            position = pattern.count
            throw Failure(
                description: "error parsing regexp: unexpected ): `\(text(0..<pattern.count))`")
        }
        return node
    }

    private mutating func choice() throws(Failure) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= RegularExpression.nestingLimit else {
            throw Failure(description: "error parsing regexp: expression nests too deeply")
        }
        var branches = [try sequence()]
        while accept("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(Failure) -> RegexNode {
        var parts: [RegexNode] = []
        while let scalar = next, scalar != 0x7C, scalar != 0x29 {
            let start = position
            guard let atom = try atom() else { continue }
            parts.append(try repeated(atom, from: start))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func repeated(
        _ atom: RegexNode, from start: Int
    ) throws(Failure) -> RegexNode {
        var node = atom
        var count = 0
        while let (minimum, maximum) = try quantifier() {
            count += 1
            guard count == 1 else {
                throw failure("invalid nested repetition operator", from: start)
            }
            let lazy = accept("?")
            node = .repetition(
                node, minimum: minimum, maximum: maximum, greedy: lazy == swapsGreed)
        }
        return node
    }

    private mutating func quantifier() throws(Failure) -> (Int, Int?)? {
        let start = position
        if accept("*") { return (0, nil) }
        if accept("+") { return (1, nil) }
        if accept("?") { return (0, 1) }
        guard accept("{") else { return nil }
        guard let low = number() else {
            position = start
            return nil
        }
        var high: Int? = low
        if accept(",") { high = number() }
        guard accept("}") else {
            position = start
            return nil
        }
        let limit = RegularExpression.repetitionLimit
        guard low <= limit, (high ?? 0) <= limit, low <= (high ?? low) else {
            throw failure("invalid repeat count", from: start)
        }
        return (low, high)
    }

    private mutating func number() -> Int? {
        var value = 0
        let start = position
        while let scalar = next, (48...57).contains(scalar) {
            value = min(1_000_000, value * 10 + Int(scalar - 48))
            position += 1
        }
        return position > start ? value : nil
    }

    private mutating func atom() throws(Failure) -> RegexNode? {
        guard let scalar = next else { return .empty }
        let start = position
        position += 1
        switch Unicode.Scalar(scalar) {
        case "(": return try group(from: start)
        case "[": return .set(try set(from: start))
        case ".": return .any(withNewline: dotMatchesNewline)
        case "^": return .assertion(multiline ? .lineStart : .textStart)
        case "$": return .assertion(multiline ? .lineEnd : .textEnd)
        case "*", "+", "?":
            throw failure("missing argument to repetition operator", from: start)
        case "{":
            position = start
            if try quantifier() != nil {
                throw failure("missing argument to repetition operator", from: start)
            }
            position = start + 1
            return .scalar(scalar, folded: foldsCase)
        case "\\": return try escape(from: start)
        default: return .scalar(scalar, folded: foldsCase)
        }
    }

    private mutating func group(from start: Int) throws(Failure) -> RegexNode? {
        let flags = (foldsCase, dotMatchesNewline, multiline, swapsGreed)
        func restore(_ parser: inout RegexParser) {
            (
                parser.foldsCase, parser.dotMatchesNewline, parser.multiline, parser.swapsGreed
            ) = flags
        }
        var index: Int?
        if accept("?") {
            let named = accept("P")
            if accept("<") {
                let name = try groupName(from: start)
                groupCount += 1
                groupNames[name] = groupCount
                index = groupCount
            } else if named {
                throw failure("invalid named capture", from: start)
            } else if try readFlags(from: start) {
                return nil
            }
        } else {
            groupCount += 1
            index = groupCount
        }
        let inner = try choice()
        guard accept(")") else {
            position = pattern.count
            throw failure("missing closing )", from: 0)
        }
        restore(&self)
        return index.map { .group(inner, index: $0) } ?? inner
    }

    private mutating func groupName(from start: Int) throws(Failure) -> String {
        let first = position
        while let scalar = next, RegexSet.word.contains(scalar) { position += 1 }
        let name = text(first..<position)
        guard !name.isEmpty, accept(">") else {
            throw failure("invalid named capture", from: start)
        }
        guard groupNames[name] == nil else {
            throw failure("duplicate capture group name", from: start)
        }
        return name
    }

    /// Reads flags behind `(?`; whether they stand alone, up to the end of the enclosing group.
    private mutating func readFlags(from start: Int) throws(Failure) -> Bool {
        var on = true
        while let scalar = next {
            position += 1
            switch Unicode.Scalar(scalar) {
            case "i": foldsCase = on
            case "s": dotMatchesNewline = on
            case "m": multiline = on
            case "U": swapsGreed = on
            case "-": on = false
            case ":": return false
            case ")": return true
            default: throw failure("invalid or unsupported Perl syntax", from: start)
            }
        }
        throw failure("missing argument to repetition operator", from: start)
    }

    private mutating func escape(from start: Int) throws(Failure) -> RegexNode {
        guard let scalar = next else {
            throw Failure(
                description: "error parsing regexp: trailing backslash at end of expression: ``")
        }
        switch Unicode.Scalar(scalar) {
        case "A":
            position += 1
            return .assertion(.textStart)
        case "z":
            position += 1
            return .assertion(.textEnd)
        case "b":
            position += 1
            return .assertion(.wordBoundary)
        case "B":
            position += 1
            return .assertion(.notWordBoundary)
        case "Q":
            position += 1
            return literalRun()
        default: break
        }
        if var set = try escapedSet(from: start) {
            set.folded = foldsCase
            return .set(set)
        }
        return .scalar(try escapedScalar(from: start), folded: foldsCase)
    }

    private mutating func literalRun() -> RegexNode {
        var parts: [RegexNode] = []
        while let scalar = next {
            if scalar == 0x5C, position + 1 < pattern.count, pattern[position + 1] == 0x45 {
                position += 2
                break
            }
            parts.append(.scalar(scalar, folded: foldsCase))
            position += 1
        }
        return .sequence(parts)
    }

    /// A class behind a backslash: `\d`, `\W`, `\pL`; `nil` when there is none.
    private mutating func escapedSet(from start: Int) throws(Failure) -> RegexSet? {
        guard let scalar = next else { return nil }
        var set: RegexSet
        switch Unicode.Scalar(scalar) {
        case "d", "D": set = .digits
        case "w", "W": set = .word
        case "s", "S": set = .space
        case "p", "P":
            position += 1
            var name = ""
            if accept("{") {
                let first = position
                while let inner = next, inner != 0x7D { position += 1 }
                name = text(first..<position)
                position = min(pattern.count, position + 1)
            } else if next != nil {
                name = text(position..<position + 1)

                position += 1
            }
            let inverted = name.hasPrefix("^")
            guard let known = RegexClasses.unicode(inverted ? String(name.dropFirst()) : name)
            else { throw failure("invalid character class range", from: start) }
            set = known
            if (scalar == 0x50) != inverted { set.negated.toggle() }
            return set
        default: return nil
        }
        position += 1
        if (65...90).contains(scalar) { set.negated = true }
        return set
    }

    private mutating func escapedScalar(from start: Int) throws(Failure) -> UInt32 {
        guard let scalar = next else { throw failure("trailing backslash", from: start) }
        position += 1
        switch Unicode.Scalar(scalar) {
        case "a": return 7
        case "f": return 12
        case "n": return 10
        case "r": return 13
        case "t": return 9
        case "v": return 11
        case "x":
            var digits = ""
            if accept("{") {
                while let inner = next, inner != 0x7D {
                    digits += text(position..<position + 1)

                    position += 1
                }
                position = min(pattern.count, position + 1)
            } else {
                let end = min(pattern.count, position + 2)
                digits = text(position..<end)
                position = end
            }
            guard let value = UInt32(digits, radix: 16), value <= 0x10FFFF else {
                throw failure("invalid escape sequence", from: start)
            }
            return value
        case "0", "1", "2", "3", "4", "5", "6", "7":
            guard scalar == 48 || (next.map { (48...55).contains($0) } ?? false) else {
                throw failure("invalid escape sequence", from: start)
            }
            var value = scalar - 48
            for _ in 0..<2 {
                guard let digit = next, (48...55).contains(digit) else { break }
                value = value * 8 + digit - 48
                position += 1
            }
            return value
        default:
            if scalar < 128, !RegexSet.word.contains(scalar) { return scalar }
            throw failure("invalid escape sequence", from: start)
        }
    }

    private mutating func set(from start: Int) throws(Failure) -> RegexSet {
        var set = RegexSet()
        set.folded = foldsCase
        set.negated = accept("^")
        var first = true
        while let scalar = next {
            if scalar == 0x5D, !first {
                position += 1
                return set
            }
            first = false
            let itemStart = position
            if scalar == 0x5B, let named = try posixClass() {
                set.formUnion(named)
                continue
            }
            if scalar == 0x5C {
                position += 1
                if let inner = try escapedSet(from: itemStart) {
                    set.formUnion(inner)
                    continue
                }
                position -= 1
            }
            let low = try setScalar(from: itemStart)
            var high = low
            if at("-"), position + 1 < pattern.count, pattern[position + 1] != 0x5D {
                position += 1
                high = try setScalar(from: itemStart)
            }
            guard low <= high else {
                throw failure("invalid character class range", from: itemStart)
            }
            set.ranges.append(low...high)
        }
        throw failure("missing closing ]", from: start)
    }

    private mutating func setScalar(from start: Int) throws(Failure) -> UInt32 {
        guard let scalar = next else { throw failure("missing closing ]", from: start) }
        position += 1
        return scalar == 0x5C ? try escapedScalar(from: start) : scalar
    }

    /// `[:alpha:]` and its like.
    private mutating func posixClass() throws(Failure) -> RegexSet? {
        let start = position
        guard position + 1 < pattern.count, pattern[position + 1] == 0x3A else { return nil }
        var end = position + 2
        while end + 1 < pattern.count, !(pattern[end] == 0x3A && pattern[end + 1] == 0x5D) {
            end += 1
        }
        guard end + 1 < pattern.count else { return nil }
        var name = text(position + 2..<end)
        position = end + 2
        let negated = name.hasPrefix("^")
        if negated { name.removeFirst() }
        guard var set = RegexClasses.posix(name) else {
            throw failure("invalid character class range", from: start)
        }
        set.negated = negated
        return set
    }
}
