/// What a partition holds at a moment.
public struct PartitionBounds: Hashable, Sendable {
    /// The offset of the oldest record that is still there.
    public var earliest: Offset
    /// The offset just behind the newest record that a reader may see: the last stable offset for a
    /// reader of committed records, the high watermark for any other.
    public var end: Offset

    /// Makes bounds.
    public init(earliest: Offset, end: Offset) {
        self.earliest = earliest
        self.end = end
    }
}
