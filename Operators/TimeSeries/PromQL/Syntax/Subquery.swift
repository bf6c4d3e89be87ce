/// Evaluates an expression at the steps of a stretch of time: `expression[1h:1m]`.
public struct Subquery: Sendable {
    /// What is evaluated.
    public var expression: Expression
    /// How far the stretch reaches back.
    public var width: DurationExpression
    /// The distance of the steps, or `nil` for the engine's own.
    public var step: DurationExpression?
    /// When to look.
    public var time = TimeModifier()
    /// Where it stands.
    public var range: SourceRange
}
