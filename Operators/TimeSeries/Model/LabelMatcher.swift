/// A condition on one label of a series.
public struct LabelMatcher: Sendable {
    /// How the label's value is compared.
    public enum Kind: String, Sendable {
        /// The value is the text.
        case equal = "="
        /// The value is not the text.
        case notEqual = "!="
        /// The whole value matches the expression.
        case matches = "=~"
        /// The whole value does not match the expression.
        case doesNotMatch = "!~"
    }

    /// The comparison.
    public let kind: Kind
    /// The label's name.
    public let name: String
    /// The text or expression to compare with.
    public let value: String
    private let test: Test

    /// What a regular expression comes down to.
    private enum Test: Sendable {
        case text
        case anything
        case nonEmpty
        case oneOf(Set<String>)
        case expression(RegularExpression)
    }

    /// Makes a condition; an expression is compiled and must match a value from end to end, and its
    /// dot matches a line break.
    ///
    /// - Throws: ``RegularExpression/Failure`` for an expression that isn't one.
    public init(
        _ kind: Kind, _ name: String, _ value: String
    ) throws(RegularExpression.Failure) {
        self.kind = kind
        self.name = name
        self.value = value
        switch kind {
        case .equal, .notEqual: test = .text
        case .matches, .doesNotMatch: test = try LabelMatcher.test(for: value)
        }
    }

    /// Makes the condition that a label has a value.
    public init(_ name: String, equals value: String) {
        kind = .equal
        self.name = name
        self.value = value
        test = .text
    }

    private static func test(for pattern: String) throws(RegularExpression.Failure) -> Test {
        if pattern == ".*" { return .anything }
        if pattern == ".+" { return .nonEmpty }
        let special = Set("\\.+*?()[]{}^$")
        if !pattern.contains(where: special.contains) {
            let parts = pattern.split(separator: "|", omittingEmptySubsequences: false)
            return .oneOf(Set(parts.map(String.init)))
        }
        return .expression(try RegularExpression(anchored: pattern))
    }

    /// Whether a label's value meets the condition.
    public func matches(_ text: String) -> Bool {
        switch test {
        case .text:
            // Swift takes two spellings of one character as equal, Prometheus doesn't.
            (text == value && text.utf8.elementsEqual(value.utf8)) == (kind == .equal)
        case .anything: kind == .matches
        case .nonEmpty: text.isEmpty != (kind == .matches)
        case .oneOf(let choices): choices.contains(text) == (kind == .matches)
        case .expression(let expression):
            expression.matches(text) == (kind == .matches)
        }
    }

    /// Whether a series meets the condition; a label that is missing counts as empty.
    public func matches(_ labels: Labels) -> Bool { matches(labels[name]) }
}

extension LabelMatcher: Hashable {
    public static func == (a: LabelMatcher, b: LabelMatcher) -> Bool {
        a.kind == b.kind && a.name == b.name && a.value == b.value
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(name)
        hasher.combine(value)
    }
}

extension LabelMatcher: CustomStringConvertible {
    /// The condition as PromQL writes it.
    public var description: String {
        let key = PromQLText.isLegacyLabelName(name) ? name : PromQLText.quoted(name)
        return "\(key)\(kind.rawValue)\(PromQLText.quoted(value))"
    }
}
