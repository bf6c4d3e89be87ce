public import Geo

/// A coordinate in units of 1e-7 degrees, about a centimetre: what OpenStreetMap stores.
public struct E7Point: Hashable, Sendable, BitwiseCopyable {
    /// Degrees north times ten million.
    public var latitude: Int32
    /// Degrees east times ten million.
    public var longitude: Int32

    /// Makes a point of its two numbers.
    @inlinable
    public init(latitude: Int32, longitude: Int32) {
        self.latitude = latitude
        self.longitude = longitude
    }

    /// The nearest point to a coordinate; nil for an invalid one.
    public init?(_ coordinate: Coordinate) {
        guard coordinate.isValid else { return nil }
        latitude = Int32((coordinate.latitude * 1e7).rounded())
        longitude = Int32((coordinate.longitude * 1e7).rounded())
    }

    /// The point in degrees.
    @inlinable
    public var coordinate: Coordinate {
        Coordinate(latitude: Double(latitude) * 1e-7, longitude: Double(longitude) * 1e-7)
    }

    /// A whole turn.
    static let turn = 3.6e9

    /// The place on a space-filling curve (Morton 1966): near points mostly have near numbers.
    var morton: UInt64 {
        E7Point.spread(UInt32(bitPattern: longitude) ^ 0x8000_0000)
            | E7Point.spread(UInt32(bitPattern: latitude) ^ 0x8000_0000) << 1
    }

    private static func spread(_ value: UInt32) -> UInt64 {
        var x = UInt64(value)
        x = (x | x << 16) & 0x0000_FFFF_0000_FFFF
        x = (x | x << 8) & 0x00FF_00FF_00FF_00FF
        x = (x | x << 4) & 0x0F0F_0F0F_0F0F_0F0F
        x = (x | x << 2) & 0x3333_3333_3333_3333
        return (x | x << 1) & 0x5555_5555_5555_5555
    }
}
