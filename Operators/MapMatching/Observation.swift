public import Geo
public import Records

/// Where a user was seen at a moment.
public struct Observation: Hashable, Sendable {
    /// When the user was there.
    public var time: EventTime
    /// Where the device believes to have been.
    public var coordinate: Coordinate
    /// The direction of travel in degrees clockwise from north, where the device told.
    public var heading: Double?
    /// The speed in m/s, where the device told.
    public var speed: Double?
    /// The caller's own number for this observation; it comes back in the output.
    public var sequence: UInt64

    /// Makes an observation.
    public init(
        time: EventTime, coordinate: Coordinate, heading: Double? = nil, speed: Double? = nil,
        sequence: UInt64 = 0
    ) {
        self.time = time
        self.coordinate = coordinate
        self.heading = heading
        self.speed = speed
        self.sequence = sequence
    }
}
