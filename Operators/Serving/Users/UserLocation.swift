public import Records

/// Where a user was at a time, as it stands in the table `user_location`.
public struct UserLocation: Hashable, Sendable {
    /// When the position was measured: with the user, the row's key.
    public var observedAt: EventTime
    /// Degrees north, WGS 84.
    public var latitude: Double
    /// Degrees east, WGS 84.
    public var longitude: Double
    /// The name of what the user was doing.
    public var userMode: String
    /// The name of how the user moved.
    public var navigationMode: String

    /// Makes a position.
    public init(
        observedAt: EventTime, latitude: Double, longitude: Double, userMode: String,
        navigationMode: String
    ) {
        self.observedAt = observedAt
        self.latitude = latitude
        self.longitude = longitude
        self.userMode = userMode
        self.navigationMode = navigationMode
    }
}
