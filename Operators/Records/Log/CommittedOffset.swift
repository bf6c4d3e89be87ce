/// Where a group goes on in a partition, with the note that was committed beside it.
public struct CommittedOffset: Hashable, Sendable {
    /// The first offset that is not yet accounted for.
    public var offset: Offset
    /// The committer's note: ASCII, at most ``maximumMetadataLength`` bytes, empty for none.
    public var metadata: String

    /// How much metadata fits into an offset commit everywhere.
    public static let maximumMetadataLength = 512

    /// Makes a position.
    public init(offset: Offset, metadata: String = "") {
        self.offset = offset
        self.metadata = metadata
    }
}
