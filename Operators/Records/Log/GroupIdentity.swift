/// Who a reader is in its consumer group at a moment, as a transaction tells the log when it commits the
/// group's offsets: every rebalance makes another.
public protocol GroupIdentity: AnyObject {
    /// The group's generation; negative for somebody who is no member, whom a log does not check.
    var generation: Int32 { get }
    /// The member's id; empty for somebody who is no member.
    var memberID: String { get }
}
