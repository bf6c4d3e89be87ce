/// A regular expression in the syntax of RE2, matched in time linear in the text.
///
/// Simulates the nondeterministic automaton as Pike's machine does (Russ Cox, "Regular Expression
/// Matching: the Virtual Machine Approach", 2009): no pattern can make a match explode. Of
/// alternatives the first one that matches counts, as in RE2, Go and Perl.
public struct RegularExpression: Sendable {
    /// Why a pattern is not a regular expression.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The fault, in the words of RE2, and the part of the pattern that has it.
        public let description: String
    }

    /// How many steps a compiled pattern may have.
    public static let programLimit = 20_000
    /// How many times an element may be asked to repeat, as in RE2.
    public static let repetitionLimit = 1_000
    /// How deep groups may nest.
    public static let nestingLimit = 200

    let program: RegexProgram

    /// Compiles a pattern that may match anywhere in a text.
    public init(_ pattern: String) throws(Failure) {
        var parser = RegexParser(pattern, dotMatchesNewline: false)
        let node = try parser.parse()
        program = try RegexProgram(node, parser: parser, anchored: false)
    }

    /// Compiles a pattern that must match a text from end to end, with a dot that matches line
    /// breaks: how PromQL reads its patterns.
    public init(anchored pattern: String) throws(Failure) {
        var parser = RegexParser(pattern, dotMatchesNewline: true)
        let node = try parser.parse()
        program = try RegexProgram(node, parser: parser, anchored: true)
    }

    /// Whether the pattern matches.
    public func matches(_ text: String) -> Bool {
        var machine = RegexMachine(program, text: text, capturing: false)
        return machine.run() != nil
    }

    /// The first match: byte offsets of the whole and of each group, or `nil` where a group took
    /// no part.
    func firstMatch(in text: String) -> [Range<Int>?]? {
        var machine = RegexMachine(program, text: text, capturing: true)
        guard let slots = machine.run() else { return nil }
        return (0..<slots.count / 2).map { group in
            let low = slots[group * 2]
            let high = slots[group * 2 + 1]
            return low >= 0 && high >= low ? low..<high : nil
        }
    }

    /// The template with `$1`, `${1}`, `$name` and `${name}` replaced by what the groups of the
    /// first match took, or `nil` when nothing matches.
    ///
    /// A name is the longest run of letters, digits and underscores; one that is no group's stands
    /// for nothing; `$$` is a dollar sign. These are the rules of Go's `Expand`.
    public func expandingFirstMatch(in text: String, template: String) -> String? {
        guard let groups = firstMatch(in: text) else { return nil }
        let source = Array(text.utf8)
        let pattern = Array(template.utf8)
        var output: [UInt8] = []
        var index = 0
        while index < pattern.count {
            guard pattern[index] == UInt8(ascii: "$") else {
                output.append(pattern[index])
                index += 1
                continue
            }
            if index + 1 < pattern.count, pattern[index + 1] == UInt8(ascii: "$") {
                output.append(UInt8(ascii: "$"))
                index += 2
                continue
            }
            guard let (name, next) = reference(pattern, after: index + 1) else {
                output.append(UInt8(ascii: "$"))
                index += 1
                continue
            }
            index = next
            let group = Int(name) ?? program.groupNames[name] ?? -1
            if groups.indices.contains(group), let range = groups[group] {
                output.append(contentsOf: source[range])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The name behind a dollar sign and the place behind it.
    private func reference(_ pattern: [UInt8], after start: Int) -> (String, Int)? {
        guard start < pattern.count else { return nil }
        let braced = pattern[start] == UInt8(ascii: "{")
        let first = braced ? start + 1 : start
        var end = first
        while end < pattern.count, isWord(pattern[end]) { end += 1 }
        guard end > first else { return nil }
        let name = String(decoding: pattern[first..<end], as: UTF8.self)
        if braced {
            guard end < pattern.count, pattern[end] == UInt8(ascii: "}") else { return nil }
            return (name, end + 1)
        }
        return (name, end)
    }

    private func isWord(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte)
            || (97...122).contains(byte)
    }
}
