/// A sign before an expression.
public struct UnaryOperation: Sendable {
    /// Whether the sign is a minus.
    public var isNegative: Bool
    /// What it stands before.
    public var expression: Expression
    /// Where it stands, with the sign.
    public var range: SourceRange
}
