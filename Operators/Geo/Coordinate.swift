internal import Foundation
public import Records

/// The mean radius of the earth in metres (IUGG's R1), used wherever it is taken as a sphere.
public let earthRadius = 6_371_008.8

/// Metres along a meridian per degree of latitude, on the sphere of ``earthRadius``.
public let metersPerDegree = earthRadius * .pi / 180

/// A place on the earth in WGS 84 degrees.
public struct Coordinate: Hashable, Sendable {
    /// Degrees north of the equator, -90 to 90 when valid.
    public var latitude: Double
    /// Degrees east of Greenwich, -180 to 180 when valid.
    public var longitude: Double

    /// Makes a coordinate as given; ``isValid`` tells whether it is one.
    @inlinable
    public init(latitude: Double, longitude: Double) {
        self.latitude = latitude
        self.longitude = longitude
    }

    /// Whether both numbers are finite and in range.
    @inlinable
    public var isValid: Bool {
        latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180
    }

    /// The great-circle distance in metres by the haversine formula, which stays accurate for small
    /// distances (Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984).
    public func distance(to other: Coordinate) -> Double {
        let φ1 = latitude * .pi / 180
        let φ2 = other.latitude * .pi / 180
        let sinLat = sin((φ2 - φ1) / 2)
        let sinLng = sin((other.longitude - longitude) * .pi / 360)
        let h = sinLat * sinLat + cos(φ1) * cos(φ2) * sinLng * sinLng
        return 2 * earthRadius * asin(min(1, h.squareRoot()))
    }

    /// The initial bearing towards `other`: degrees clockwise from north, `0 ..< 360`; 0 for the
    /// same place.
    public func bearing(to other: Coordinate) -> Double {
        let φ1 = latitude * .pi / 180
        let φ2 = other.latitude * .pi / 180
        let Δλ = (other.longitude - longitude) * .pi / 180
        let y = sin(Δλ) * cos(φ2)
        let x = cos(φ1) * sin(φ2) - sin(φ1) * cos(φ2) * cos(Δλ)
        return Bearing.normalized(atan2(y, x) * 180 / .pi)
    }

    /// The place `distance` metres away on the great circle that starts at `bearing` degrees.
    public func destination(bearing: Double, distance: Double) -> Coordinate {
        let δ = distance / earthRadius
        let θ = bearing * .pi / 180
        let φ1 = latitude * .pi / 180
        let sinφ2 = sin(φ1) * cos(δ) + cos(φ1) * sin(δ) * cos(θ)
        let φ2 = asin(max(-1, min(1, sinφ2)))
        let λ2 =
            longitude * .pi / 180
            + atan2(sin(θ) * sin(δ) * cos(φ1), cos(δ) - sin(φ1) * sinφ2)
        let turns = ((λ2 * 180 / .pi + 180) / 360).rounded(.down)
        return Coordinate(
            latitude: φ2 * 180 / .pi, longitude: λ2 * 180 / .pi - 360 * turns)
    }
}

extension Coordinate {
    /// The coordinate at `fraction` of the straight way to `other`, across the antimeridian where that is shorter: 0
    /// is here, 1 is there.
    @inlinable
    public func interpolated(to other: Coordinate, fraction: Double) -> Coordinate {
        Coordinate(
            latitude: latitude + (other.latitude - latitude) * fraction,
            longitude: Longitude.wrapped(
                longitude + Longitude.wrapped(other.longitude - longitude) * fraction))
    }
}

extension Coordinate: CustomStringConvertible {
    /// `latitude,longitude` in degrees with six decimals at most, about a decimetre.
    public var description: String {
        func text(_ value: Double) -> String {
            value.isFinite ? "\((value * 1_000_000).rounded() / 1_000_000)" : "\(value)"
        }
        return "\(text(latitude)),\(text(longitude))"
    }
}

extension Coordinate: BinaryCodable {
    /// Reads two doubles, latitude first; any bit pattern is accepted, see ``isValid``.
    public init(from reader: inout ByteReader) throws(CodecError) {
        self.init(latitude: try reader.double(), longitude: try reader.double())
    }

    /// Writes two doubles, latitude first.
    public func encode(into writer: inout ByteWriter) {
        writer.double(latitude)
        writer.double(longitude)
    }
}
