internal import Foundation

/// A rectangle of latitudes and longitudes; an empty one contains nothing.
///
/// One that crosses the antimeridian has its eastern edge beyond 180 degrees, or its western one beyond -180.
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

    /// The box between two corners, to the east of the first: across the antimeridian where the second has the
    /// smaller longitude.
    public init(southWest: Coordinate, northEast: Coordinate) {
        let crosses = northEast.longitude < southWest.longitude
        self.init(
            south: southWest.latitude, west: southWest.longitude, north: northEast.latitude,
            east: northEast.longitude + (crosses ? 360 : 0))
    }

    /// The box that contains nothing and adds nothing to a union.
    public static let empty = BoundingBox(
        south: .infinity, west: .infinity, north: -.infinity, east: -.infinity)

    /// A box around `coordinates`, the smallest one unless they are spread over more than half of the earth.
    public init(containing coordinates: some Sequence<Coordinate>) {
        self = .empty
        for coordinate in coordinates { extend(to: coordinate) }
    }

    /// Whether nothing lies in the box.
    public var isEmpty: Bool { !(south <= north && west <= east) }

    /// The middle of the box; NaN for an empty one.
    public var center: Coordinate {
        Coordinate(
            latitude: (south + north) / 2, longitude: Longitude.wrapped((west + east) / 2))
    }

    /// Grows the box until it contains `coordinate`, to the side where that takes less.
    public mutating func extend(to coordinate: Coordinate) {
        self = union(
            BoundingBox(
                south: coordinate.latitude, west: coordinate.longitude,
                north: coordinate.latitude, east: coordinate.longitude))
    }

    /// The smallest box that contains both.
    public func union(_ other: BoundingBox) -> BoundingBox {
        if isEmpty { return other }
        if other.isEmpty { return self }
        var union = BoundingBox(
            south: min(south, other.south), west: min(west, other.west),
            north: max(north, other.north), east: max(east, other.east))
        if union.east - union.west > 180 { narrow(&union, other) }
        return union
    }

    /// Takes the other box a turn further where that makes their union narrower; a whole turn is enough for all.
    private func narrow(_ union: inout BoundingBox, _ other: BoundingBox) {
        for turn in [-360.0, 360] {
            let west = min(self.west, other.west + turn)
            let east = max(self.east, other.east + turn)
            if east - west < union.east - union.west { (union.west, union.east) = (west, east) }
        }
        if union.east - union.west >= 360 {
            (union.west, union.east) = (-180, 180)
        } else if union.west < -180 {
            union.west += 360
            union.east += 360
        }
    }

    /// Whether `coordinate` lies in the box or on its edge.
    public func contains(_ coordinate: Coordinate) -> Bool {
        let longitude = coordinate.longitude
        return coordinate.latitude >= south && coordinate.latitude <= north
            && (longitude >= west && longitude <= east || longitude + 360 <= east
                || longitude - 360 >= west)
    }

    /// Whether the boxes share a point.
    public func intersects(_ other: BoundingBox) -> Bool {
        func meets(_ turn: Double) -> Bool {
            west <= other.east + turn && other.west + turn <= east
        }
        return !isEmpty && !other.isEmpty && south <= other.north && other.south <= north
            && (meets(0) || meets(360) || meets(-360))
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
