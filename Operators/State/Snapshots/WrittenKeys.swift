/// What a snapshot holds of an operator's keys, beside the names of those that are gone.
public struct WrittenKeys: Hashable, Sendable {
    /// How many keys were written.
    public var count: Int
    /// The bytes of these keys and their values; what tells of removed keys is not among them.
    public var bytes: Int

    /// Makes one.
    public init(count: Int = 0, bytes: Int = 0) {
        self.count = count
        self.bytes = bytes
    }

    /// Adds what another table of the same operator has written.
    public static func += (sum: inout WrittenKeys, other: WrittenKeys) {
        sum.count += other.count
        sum.bytes += other.bytes
    }
}
