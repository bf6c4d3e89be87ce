/// Why a query yields no result.
public enum QueryError: Error, Sendable, CustomStringConvertible {
    /// The text is no expression.
    case syntax(PromQLSyntaxError)
    /// The expression can't be evaluated over these series; the words are those of Prometheus.
    case execution(String)
    /// The query would hold more samples than it may.
    case tooManySamples(limit: Int)
    /// The query would have more steps than it may.
    case tooManySteps(limit: Int)
    /// The end lies before the start, or the step is not positive.
    case invalidRange(String)
    /// The caller's interrupt asked to stop.
    case interrupted(QueryInterruption)
    /// The source failed.
    case source(any Error)

    /// One sentence.
    public var description: String {
        switch self {
        case .syntax(let error): "\(error)"
        case .execution(let message): message
        case .tooManySamples:
            "query processing would load too many samples into memory in query execution"
        case .tooManySteps(let limit):
            "exceeded maximum resolution of \(limit) points per timeseries"
        case .invalidRange(let message): message
        case .interrupted(let why): why.rawValue
        case .source(let error): "expanding series: \(error)"
        }
    }
}
