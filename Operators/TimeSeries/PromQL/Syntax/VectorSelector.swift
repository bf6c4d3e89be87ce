/// Selects series by their labels: `name{label="value"}`.
public struct VectorSelector: Sendable {
    /// The metric's name where it stands in front of the braces, or empty.
    public var name: String
    /// The conditions, that of the name last.
    public var matchers: [LabelMatcher]
    /// When to look.
    public var time = TimeModifier()
    /// Where it stands.
    public var range: SourceRange
    /// Whether it may select every series, as the second argument of `info` may.
    var mayBeEmpty = false
}
