/// What an ``IngestServer`` did since it was made.
public struct IngestStatistics: Hashable, Sendable {
    /// Replies sent or about to be, by status.
    public var replies: [Int: Int] = [:]
    /// Bytes of request bodies, decompressed.
    public var bodyBytes = 0
    /// Requests that were told to come again because a bound of the server was reached.
    public var busy = 0
    /// Requests whose time ran out.
    public var timedOut = 0
    /// Requests that are read or handled now.
    public var inFlight = 0

    /// Replies of all statuses.
    public var requests: Int { replies.values.reduce(0, +) }

    /// The figures in Prometheus' text format.
    public var exposition: String {
        var text = "# TYPE millrace_http_requests_total counter\n"
        for (status, count) in replies.sorted(by: { $0.key < $1.key }) {
            text += "millrace_http_requests_total{status=\"\(status)\"} \(count)\n"
        }
        for (name, type, value) in [
            ("body_bytes_total", "counter", bodyBytes), ("busy_total", "counter", busy),
            ("timeouts_total", "counter", timedOut), ("in_flight", "gauge", inFlight),
        ] {
            text += "# TYPE millrace_http_\(name) \(type)\nmillrace_http_\(name) \(value)\n"
        }
        return text
    }
}
