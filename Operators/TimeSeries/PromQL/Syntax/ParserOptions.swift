/// What the parser lets through.
public struct ParserOptions: Sendable {
    /// Functions and aggregations that Prometheus 3.5 hides behind a feature flag.
    public var allowsExperimentalFunctions = true
    /// Calculations in durations, which Prometheus 3.5 hides behind a feature flag.
    public var allowsDurationExpressions = true
    /// How deep an expression may nest.
    public var nestingLimit = 200
    /// How long an expression may be, in bytes.
    public var lengthLimit = 1 << 20

    /// Everything allowed.
    public init() {}
}
