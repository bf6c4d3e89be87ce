/// The point of a polyline that lies nearest to some place.
public struct PolylineProjection: Hashable, Sendable {
    /// The nearest point.
    public var coordinate: Coordinate
    /// Metres from the place to that point.
    public var distance: Double
    /// Metres from the polyline's start to that point, along it.
    public var offset: Double
    /// The leg on which the point lies: leg `i` joins points `i` and `i + 1`.
    public var leg: Int
}
