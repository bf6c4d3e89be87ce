/// A directed stretch of road between two crossings, with all that the graph knows of it.
public struct RoadSegment: Hashable, Sendable {
    /// The lasting name.
    public var id: SegmentID
    /// The place in this graph: `0 ..< segmentCount`.
    public var index: Int
    /// The node where it starts.
    public var from: Int
    /// The node where it ends.
    public var to: Int
    /// The same road in the other direction; nil for a one-way.
    public var reverse: Int?
    /// OpenStreetMap's way.
    public var way: Int64
    /// The road's rank.
    public var roadClass: RoadClass
    /// Who may drive on it.
    public var access: RoadAccess
    /// Whether it is part of a roundabout.
    public var isRoundabout: Bool
    /// Metres along the geometry.
    public var length: Double
    /// The limit in km/h, the class's default where the map gives none.
    public var speedLimit: Int
    /// The speed in m/s that traffic drives when nothing is in its way.
    public var freeFlowSpeed: Double
}
