/// Why a text is no expression, and where.
public struct PromQLSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, in the words of Prometheus.
    public let message: String
    /// The part of the text that is.
    public let range: SourceRange
    /// Line and column, from 1.
    public let place: String

    init(_ message: String, _ range: SourceRange, in query: String) {
        self.message = message
        self.range = range
        place = range.place(in: query)
    }

    /// `1:14: parse error: …`.
    public var description: String { "\(place): parse error: \(message)" }
}
