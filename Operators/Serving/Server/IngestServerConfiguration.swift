/// Where an ``IngestServer`` listens and what it bears.
public struct IngestServerConfiguration: Codable, Hashable, Sendable {
    /// The address to listen on: a name or a number.
    public var address = "127.0.0.1"
    /// The port; 0 takes a free one, which ``IngestServer/port`` tells.
    public var port = 8080
    /// Bytes of a request's body as it comes over the wire.
    public var bodyBytes = 1 << 20
    /// Bytes of a request's body once decompressed.
    public var decompressedBytes = 4 << 20
    /// Bytes of all bodies that are held at the same time; a request past it is told to come again.
    public var heldBodyBytes = 256 << 20
    /// Requests that are read or handled at the same time; one past it is told to come again.
    public var concurrentRequests = 512
    /// Connections that are open at the same time; further ones wait to be accepted.
    public var connections = 4_096
    /// Bytes of a request's head: its target and all header fields.
    public var headBytes = 16 << 10
    /// Seconds from a request's head to its reply; the request is answered 408 when it is still being
    /// read by then, and 503 when it is being handled.
    public var requestSeconds = 15.0
    /// Seconds after which a connection without a request, or with a stalled one, is closed.
    public var idleSeconds = 60.0
    /// Seconds for which a shutdown waits for requests that are under way.
    public var drainSeconds = 10.0
    /// Seconds after which a client that was told to come again should do so.
    public var retryAfterSeconds = 1

    /// The defaults.
    public init() {}
}
