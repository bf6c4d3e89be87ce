/// How a ``QueryEngine`` evaluates, and its limits.
public struct EngineOptions: Sendable {
    /// How far an instant selector looks back for a sample, in milliseconds.
    public var lookback: Int64 = 300_000
    /// The distance of a subquery's steps where it names none, in milliseconds.
    public var defaultSubqueryStep: Int64 = 60_000
    /// Whether metric names are taken away at the end instead of by each function, as Prometheus
    /// does behind the flag `promql-delayed-name-removal`.
    public var delaysNameRemoval = false
    /// How many samples a query may hold in memory.
    public var sampleLimit = 50_000_000
    /// How many steps a range query may have.
    public var stepLimit = 11_000
    /// How many steps a subquery may have.
    public var subqueryStepLimit = 5_000_000
    /// What the parser lets through.
    public var parser = ParserOptions()

    /// The defaults of Prometheus.
    public init() {}
}
