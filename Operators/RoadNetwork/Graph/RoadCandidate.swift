/// A place on a directed segment near some point.
public struct RoadCandidate: Hashable, Sendable {
    /// The segment's index.
    public var segment: Int32
    /// Metres from the segment's start.
    public var offset: Float
    /// Metres between the point and this place.
    public var distance: Float
    /// The eastern part of the driving direction here, as a unit vector.
    public var east: Float
    /// The northern part of the driving direction here.
    public var north: Float
}
