/// What an ``IngestClient`` sent so far.
public struct IngestClientTotals: Hashable, Sendable {
    /// Bodies whose outcome is known.
    public var bodies = 0
    /// Attempts, of which every body takes one or more.
    public var attempts = 0
    /// Elements that servers accepted.
    public var accepted = 0
    /// Elements that servers rejected one by one.
    public var rejected = 0
    /// Bodies that were refused as a whole.
    public var refused = 0
    /// Bodies that were given up.
    public var failed = 0
    /// Bytes that went over the wire as bodies, attempts counted each.
    public var bytes = 0
}
