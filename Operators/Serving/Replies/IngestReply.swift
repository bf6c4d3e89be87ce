/// What a route's handler answers.
public struct IngestReply: Hashable, Sendable {
    /// The HTTP status.
    public var status: Int
    /// The body, of type ``contentType``.
    public var body: [UInt8]
    /// The body's type.
    public var contentType = "application/json"
    /// Seconds after which the client should come again: the header `Retry-After`.
    public var retryAfterSeconds: Int?

    /// Makes a reply with a JSON body.
    public init(status: Int, body: [UInt8] = [], retryAfterSeconds: Int? = nil) {
        self.status = status
        self.body = body
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// A reply with the body `{"error": {"code": …, "message": …}}`.
    public static func error(
        _ status: Int, code: String, message: String, retryAfterSeconds: Int? = nil
    ) -> IngestReply {
        var text = JSONText()
        text.object {
            $0.name("error")
            $0.object {
                $0.name("code")
                $0.string(code)
                $0.name("message")
                $0.string(message)
            }
        }
        return IngestReply(
            status: status, body: text.bytes, retryAfterSeconds: retryAfterSeconds)
    }

    /// A reply with a body of plain text.
    public static func text(_ status: Int, _ text: String) -> IngestReply {
        var reply = IngestReply(status: status, body: Array(text.utf8))
        reply.contentType = "text/plain; version=0.0.4; charset=utf-8"
        return reply
    }
}
