internal import Foundation

/// A plane that touches the earth at its origin: the equirectangular projection, a multiplication
/// per axis.
///
/// Within 10 km of the origin, at the latitudes where people drive, distances differ from the great
/// circle's by less than a part in a thousand; across a city use the haversine formula.
public struct LocalProjection: Sendable {
    /// The place that maps to `(0, 0)`.
    public let origin: Coordinate
    @usableFromInline let metersPerDegreeOfLongitude: Double

    /// Makes the projection that is exact at `origin`.
    public init(origin: Coordinate) {
        self.origin = origin
        metersPerDegreeOfLongitude = metersPerDegree * max(1e-9, cos(origin.latitude * .pi / 180))
    }

    /// The plane's point of a coordinate.
    @inlinable
    public func project(_ coordinate: Coordinate) -> PlanarPoint {
        PlanarPoint(
            x: Longitude.wrapped(coordinate.longitude - origin.longitude)
                * metersPerDegreeOfLongitude,
            y: (coordinate.latitude - origin.latitude) * metersPerDegree)
    }

    /// The coordinate of a point of the plane.
    @inlinable
    public func unproject(_ point: PlanarPoint) -> Coordinate {
        Coordinate(
            latitude: origin.latitude + point.y / metersPerDegree,
            longitude: Longitude.wrapped(
                origin.longitude + point.x / metersPerDegreeOfLongitude))
    }
}
