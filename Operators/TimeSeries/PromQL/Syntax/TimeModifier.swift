/// Where in time a selector or subquery looks.
public struct TimeModifier: Sendable {
    /// How far back, from `offset`.
    public var offset: DurationExpression?
    /// The time to start from instead of the step's own, from `@`.
    public var at: AtModifier?

    /// The step's own time.
    public init(offset: DurationExpression? = nil, at: AtModifier? = nil) {
        self.offset = offset
        self.at = at
    }
}
