public import Records

/// A reported position of one user: the record of the topic `locations`, keyed by ``userID``.
///
/// On the topic it is the Protobuf message `millrace.location.LocationUpdate`, which
/// ``LocationUpdateCodec`` reads and writes.
public struct LocationUpdate: Hashable, Sendable {
    /// Who reported it: 1 to ``LocationLimits/userIDBytes`` bytes, without control characters.
    public var userID: String
    /// What the user was doing with the app.
    public var userMode: UserMode
    /// How the user moved.
    public var navigationMode: NavigationMode
    /// Degrees north, WGS 84, -90 to 90.
    public var latitude: Double
    /// Degrees east, WGS 84, -180 to 180.
    public var longitude: Double
    /// When the position was measured, by the user's clock.
    public var observedAt: EventTime
    /// The direction of travel in degrees clockwise from north, where the device told.
    public var heading: Double?
    /// The speed in m/s, where the device told.
    public var speed: Double?

    /// Makes an update of values that are taken as they are.
    @inlinable
    public init(
        userID: String, userMode: UserMode = .unspecified,
        navigationMode: NavigationMode = .unspecified, latitude: Double, longitude: Double,
        observedAt: EventTime, heading: Double? = nil, speed: Double? = nil
    ) {
        self.userID = userID
        self.userMode = userMode
        self.navigationMode = navigationMode
        self.latitude = latitude
        self.longitude = longitude
        self.observedAt = observedAt
        self.heading = heading
        self.speed = speed
    }

    /// Whether this can be a measured position: a user, coordinates in range, a time after 1970, and
    /// not the exact origin, which receivers report when they have no fix.
    @inlinable
    public var isPlausible: Bool {
        // The comparisons are false for NaN.
        latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180
            && !(latitude == 0 && longitude == 0) && observedAt.milliseconds > 0
            && !userID.isEmpty
    }
}
