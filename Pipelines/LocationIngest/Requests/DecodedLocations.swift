/// A request's points, sorted into good and bad; together they are all that the request listed.
public struct DecodedLocations: Hashable, Sendable {
    /// Whose points they are.
    public var userID: String
    /// The good points, in the request's order.
    public var accepted: [LocationUpdate]
    /// The bad ones, in the request's order.
    public var rejected: [RejectedLocation]

    /// Makes a result.
    public init(userID: String, accepted: [LocationUpdate], rejected: [RejectedLocation]) {
        self.userID = userID
        self.accepted = accepted
        self.rejected = rejected
    }
}
