/// What the parser lets through.
public struct ParserOptions: Sendable {
    /// Functions and aggregations that Prometheus 3.5 hides behind a feature flag.
    public var allowsExperimentalFunctions = true
    /// Calculations in durations, which Prometheus 3.5 hides behind a feature flag.
    public var allowsDurationExpressions = true
    /// How deep an expression may nest: a debug build walks that many levels of subqueries on a
    /// stack of 4 MiB, half of what Linux gives.
    public var nestingLimit = 100
    /// How deep the tree may be, to which every operator of a chain such as `a + b + c` adds one;
    /// chains are walked in a loop.
    public var heightLimit = 500
    /// How many operators and parentheses a duration may have.
    public var durationLimit = 64
    /// How long an expression may be, in bytes.
    public var lengthLimit = 1 << 20

    /// Everything allowed.
    public init() {}
}
