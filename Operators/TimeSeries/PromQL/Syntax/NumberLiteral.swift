/// A number in an expression.
public struct NumberLiteral: Sendable {
    /// The value; of a duration, its seconds.
    public var value: Double
    /// Whether it was written as a duration.
    public var isDuration: Bool
    /// Where it stands.
    public var range: SourceRange
}
