/// A method and a path, and what answers them.
public struct HTTPRoute: Sendable {
    /// Answers a request.
    ///
    /// The reply is sent when the function returns, so a handler that writes to a log awaits the log's
    /// acknowledgement. When the request's time runs out its task is cancelled and the client is
    /// answered without it.
    public typealias Handler = @Sendable (IngestRequest) async -> IngestReply

    /// The methods that routes take; HEAD is answered by the routes of GET.
    public enum Method: String, Hashable, Sendable {
        /// Reads.
        case get = "GET"
        /// Takes a body.
        case post = "POST"
    }

    /// The method.
    public var method: Method
    /// The path: literal segments and `{names}`, each of which takes one segment that isn't empty.
    public var path: String
    /// Whether requests count towards the server's bounds; not so for the server's own health.
    var isBounded = true
    /// What answers.
    public var handler: Handler

    /// Makes a route.
    public init(_ method: Method, _ path: String, handler: @escaping Handler) {
        self.method = method
        self.path = path
        self.handler = handler
    }

    /// A route that takes a body.
    public static func post(_ path: String, handler: @escaping Handler) -> HTTPRoute {
        HTTPRoute(.post, path, handler: handler)
    }

    /// A route that reads.
    public static func get(_ path: String, handler: @escaping Handler) -> HTTPRoute {
        HTTPRoute(.get, path, handler: handler)
    }
}
