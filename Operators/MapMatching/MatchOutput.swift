/// What the matcher has decided, in the order of time for each user; the caller empties it.
public struct MatchOutput: Sendable {
    /// Passages over segments.
    public var traversals: [Traversal] = []
    /// One for each observation that was given, sooner or later.
    public var points: [MatchedPoint] = []

    /// Starts empty.
    public init() {}

    /// Forgets what was decided and keeps the memory.
    public mutating func removeAll() {
        traversals.removeAll(keepingCapacity: true)
        points.removeAll(keepingCapacity: true)
    }
}
