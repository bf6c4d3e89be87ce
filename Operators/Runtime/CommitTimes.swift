/// How long the commits of a lane took, in real milliseconds from the first step to the decision, and what they
/// wrote to the store.
public struct CommitTimes: Sendable {
    /// How many of the latest commits are kept.
    public static let bound = 1_024

    /// The latest commits, in no order.
    public private(set) var latest: [Int64] = []
    /// How many commits there were in all.
    public private(set) var count = 0
    /// The bytes of all checkpoints that were written, those of commits that came to nothing among them.
    public private(set) var checkpointBytes = 0

    /// No commits yet.
    public init() {}

    mutating func add(_ milliseconds: Int64) {
        if latest.count < CommitTimes.bound {
            latest.append(milliseconds)
        } else {
            latest[count % CommitTimes.bound] = milliseconds
        }
        count += 1
    }

    mutating func wrote(_ bytes: Int) { checkpointBytes += bytes }
}
