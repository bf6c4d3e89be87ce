/// An expression in parentheses.
public struct Parenthesized: Sendable {
    /// What is inside.
    public var expression: Expression
    /// Where it stands, with the parentheses.
    public var range: SourceRange
}
