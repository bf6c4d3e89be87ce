internal import Records

/// How an ``IngestClient`` sends.
public struct IngestClientConfiguration: Codable, Hashable, Sendable {
    /// The address that bodies are posted to.
    public var url = "http://127.0.0.1:8080/v1/locations"
    /// Connections, and requests that are under way at the same time in ``IngestClient/sendAll(_:)``.
    public var concurrency = 32
    /// How often a body is sent before it is given up.
    public var attempts = 8
    /// Seconds that one attempt may take.
    public var requestSeconds = 20.0
    /// Seconds before the second attempt, doubled before each further one.
    public var firstBackoffSeconds = 0.05
    /// Seconds between two attempts at most, whatever the server asks for with `Retry-After`.
    public var longestBackoffSeconds = 5.0
    /// Whether bodies are compressed with gzip.
    public var isCompressed = false
    /// Bytes of a body below which it isn't compressed.
    public var compressedFromBytes = 512

    /// The defaults.
    public init() {}

    /// Refuses settings that make no sense; all faults stand in the one message.
    func validate() throws(DataflowError) {
        var faults: [String] = []
        if !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            faults.append("url isn't an http or https address")
        }
        for (name, value) in [("concurrency", concurrency), ("attempts", attempts)]
        where value <= 0 {
            faults.append("\(name) \(value) isn't positive")
        }
        for (name, value) in [
            ("requestSeconds", requestSeconds), ("firstBackoffSeconds", firstBackoffSeconds),
            ("longestBackoffSeconds", longestBackoffSeconds),
        ] where !(value >= 0 && value <= 86_400) {
            faults.append("\(name) \(value) isn't a time of up to a day")
        }
        guard faults.isEmpty else {
            throw DataflowError(
                .invalidConfiguration, domain: .user,
                "HTTP client: \(faults.joined(separator: "; "))")
        }
    }
}
