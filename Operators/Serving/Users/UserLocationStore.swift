public import Records

/// Where the positions of users are read from.
public protocol UserLocationStore: Sendable {
    /// The newest position of a user; nil for a user of whom nothing is known.
    func latest(user: String) async throws -> UserLocation?
    /// The positions of a user from `from` on and before `to`, ascending by time, at most `limit`.
    func range(
        user: String, from: EventTime, to: EventTime, limit: Int
    ) async throws -> [UserLocation]
}
