/// A request as a route's handler sees it: read whole, decompressed, within all limits.
public struct IngestRequest: Sendable {
    /// The body, decompressed.
    public var body: [UInt8]
    /// The values of the path's `{names}`, percent-decoded.
    public var parameters: [String: String]
    /// The query's names and values in their order, percent-decoded; `+` stays a plus sign.
    public var query: [QueryItem]

    /// A name and a value of a query.
    public struct QueryItem: Hashable, Sendable {
        /// The text in front of the first `=`.
        public var name: String
        /// The text behind it; empty when there is no `=`.
        public var value: String

        /// Makes an item.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Makes a request.
    public init(
        body: [UInt8] = [], parameters: [String: String] = [:], query: [QueryItem] = []
    ) {
        self.body = body
        self.parameters = parameters
        self.query = query
    }
}
