/// How much room there is for more state, by the bounds of the task and of its process.
///
/// Operators whose state may be incomplete leave room to those whose state may not: as soon as half of a bound is
/// filled, by whomever, they take no new keys, and from three quarters on nothing at all.
public enum StateRoom: Int, Comparable, Sendable {
    /// Nobody has to hold back.
    case plenty
    /// What may be left out takes no new keys.
    case scarce
    /// What may be left out is left out.
    case reserved

    /// By how full it is.
    public static func < (a: StateRoom, b: StateRoom) -> Bool { a.rawValue < b.rawValue }

    /// The room that is left where `used` of `bound` are filled.
    public init(used: Int, of bound: Int) {
        let (used, bound) = (Double(used), Double(bound))
        self = used > 0.75 * bound ? .reserved : used > 0.5 * bound ? .scarce : .plenty
    }
}
