public import Records

/// Where an observation was placed in the end.
public struct MatchedPoint: Hashable, Sendable {
    /// ``Observation/sequence`` of the observation.
    public var sequence: UInt64
    /// Its time.
    public var time: EventTime
    /// The directed segment's index, nil when the observation could not be placed on any road.
    public var segment: Int?
    /// Metres from the segment's start; 0 without a segment.
    public var offset: Double
}
