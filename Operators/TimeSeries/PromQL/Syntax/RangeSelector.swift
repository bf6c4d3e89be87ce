/// Selects a stretch of samples: `name[5m]`.
public struct RangeSelector: Sendable {
    /// The series, and when to look.
    public var selector: VectorSelector
    /// How far the stretch reaches back.
    public var width: DurationExpression
    /// Where it stands.
    public var range: SourceRange
}
