/// What a metric measures, as its exposition says.
public enum MetricType: String, Sendable, CaseIterable {
    /// Only grows, but for resets.
    case counter
    /// Goes up and down.
    case gauge
    /// Observations counted in buckets.
    case histogram
    /// A histogram whose counts may fall.
    case gaugeHistogram = "gaugehistogram"
    /// Observations with quantiles.
    case summary
    /// Labels about something, with the value 1.
    case info
    /// One series for each state, 0 or 1.
    case stateSet = "stateset"
    /// Not known; `untyped` in the older format.
    case unknown
}
