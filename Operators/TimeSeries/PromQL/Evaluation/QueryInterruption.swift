/// Why the caller of a query wants it to stop.
public enum QueryInterruption: String, Sendable {
    /// Nobody waits for the result any more.
    case cancelled = "query was canceled in expression evaluation"
    /// The time that the caller gave is over.
    case timedOut = "query timed out in expression evaluation"
}
