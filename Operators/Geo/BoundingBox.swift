internal import Foundation

/// A rectangle of latitudes and longitudes that does not cross the antimeridian; an empty one
/// contains nothing.
public struct BoundingBox: Hashable, Sendable {
    /// The southern edge in degrees.
    public var south: Double
    /// The western edge in degrees.
    public var west: Double
    /// The northern edge in degrees.
    public var north: Double
    /// The eastern edge in degrees.
    public var east: Double

    /// Makes a box of its four edges.
    public init(south: Double, west: Double, north: Double, east: Double) {
        self.south = south
        self.west = west
        self.north = north
        self.east = east
    }

    /// The box that contains nothing and adds nothing to a union.
    public static let empty = BoundingBox(
        south: .infinity, west: .infinity, north: -.infinity, east: -.infinity)

    /// The smallest box around `coordinates`.
    public init(containing coordinates: some Sequence<Coordinate>) {
        self = .empty
        for coordinate in coordinates { extend(to: coordinate) }
    }

    /// Whether nothing lies in the box.
    public var isEmpty: Bool { !(south <= north && west <= east) }

    /// The middle of the box; NaN for an empty one.
    public var center: Coordinate {
        Coordinate(latitude: (south + north) / 2, longitude: (west + east) / 2)
    }

    /// Grows the box until it contains `coordinate`.
    public mutating func extend(to coordinate: Coordinate) {
        south = min(south, coordinate.latitude)
        north = max(north, coordinate.latitude)
        west = min(west, coordinate.longitude)
        east = max(east, coordinate.longitude)
    }

    /// The smallest box that contains both.
    public func union(_ other: BoundingBox) -> BoundingBox {
        BoundingBox(
            south: min(south, other.south), west: min(west, other.west),
            north: max(north, other.north), east: max(east, other.east))
    }

    /// Whether `coordinate` lies in the box or on its edge.
    public func contains(_ coordinate: Coordinate) -> Bool {
        coordinate.latitude >= south && coordinate.latitude <= north
            && coordinate.longitude >= west && coordinate.longitude <= east
    }

    /// Whether the boxes share a point.
    public func intersects(_ other: BoundingBox) -> Bool {
        !isEmpty && !other.isEmpty && south <= other.north && other.south <= north
            && west <= other.east && other.west <= east
    }

    /// The box whose edges lie `meters` further out (further in when negative).
    public func expanded(byMeters meters: Double) -> BoundingBox {
        guard !isEmpty else { return self }
        let latitudes = meters / metersPerDegree
        let widest = max(abs(south), abs(north)) * .pi / 180
        let longitudes = latitudes / max(1e-9, cos(widest))
        return BoundingBox(
            south: south - latitudes, west: west - longitudes, north: north + latitudes,
            east: east + longitudes)
    }

    /// From west to east along the middle latitude, in metres.
    public var width: Double {
        isEmpty ? 0 : (east - west) * metersPerDegree * cos((south + north) * .pi / 360)
    }

    /// From south to north in metres.
    public var height: Double { isEmpty ? 0 : (north - south) * metersPerDegree }
}
