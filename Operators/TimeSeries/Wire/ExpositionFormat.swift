/// The format of a metrics page.
public enum ExpositionFormat: Sendable, Hashable, CaseIterable {
    /// Prometheus's text format 0.0.4; times in milliseconds.
    case text
    /// OpenMetrics 1.0; times in seconds, exemplars, `# EOF` at the end.
    case openMetrics

    /// The format that a response's `Content-Type` names; anything unknown is taken for text.
    public init(contentType: String) {
        self =
            contentType.lowercased().hasPrefix("application/openmetrics-text")
            ? .openMetrics : .text
    }

    /// What a response in this format says of itself.
    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }
}
