/// Why a whole request is refused; none of its points was taken.
public struct RequestRefusal: Error, Hashable, Sendable {
    /// The HTTP status: 400 for what isn't JSON, 413 for what is too large, 422 for JSON that says
    /// something else than a batch of locations.
    public var status: Int
    /// A stable word for the reason.
    public var code: String
    /// One sentence for the client's author; it holds no payload.
    public var message: String

    /// Makes a refusal.
    public init(status: Int, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }
}
