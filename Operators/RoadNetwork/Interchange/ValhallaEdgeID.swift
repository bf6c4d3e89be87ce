/// The name of a directed edge in Valhalla's tiles: 3 bits of level, 22 of tile, 21 of place in the tile.
public struct ValhallaEdgeID: RawRepresentable, Hashable, Comparable, Sendable {
    /// The bits, as Valhalla prints them in decimal.
    public var rawValue: UInt64

    /// Wraps the bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Names an edge by its tile and its place in it.
    public init(level: Int, tile: Int, index: Int) {
        rawValue =
            UInt64(level & 7) | UInt64(tile & 0x3F_FFFF) << 3 | UInt64(index & 0x1F_FFFF) << 25
    }

    /// The tile alone, as a traffic tile's header names it.
    public var tile: ValhallaEdgeID { ValhallaEdgeID(rawValue: rawValue & 0x1FF_FFFF) }

    /// The place in the tile.
    public var index: Int { Int(rawValue >> 25 & 0x1F_FFFF) }

    /// By number.
    public static func < (a: ValhallaEdgeID, b: ValhallaEdgeID) -> Bool { a.rawValue < b.rawValue }
}
